"""Which programs and conversations are a chapter, and what the runner refuses."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from player import chapters  # noqa: E402
from player.scenario import ScenarioError  # noqa: E402
from player.server import PYTHON, command  # noqa: E402

CHAT = "# Something.\n{}\nAlice connects to /ws\n"
# Answers like a chapter's program: a server without /ws/status, which echoes.
PROGRAM = '''
import asyncio, os
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()

@app.websocket("/ws")
async def echo(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(os.environ.get("CHAT_GREETING", "") + await websocket.receive_text())
    except WebSocketDisconnect:
        pass

uvicorn.run(app, host=os.environ["HOST"], port=int(os.environ["PORT"]))
'''


# The environment of one who names no other build.
OUTSIDE = {name: value for name, value in os.environ.items() if name != "CHAPTER08_STEPS"}


def end(process: int) -> None:
    """Ends a process that a failed test has left."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


class Folders(unittest.TestCase):
    """A project of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        folders = {"ROOT": ".", "PROGRAMS": "docs/src", "CONVERSATIONS": "tests/conformance/chapters"}
        for name, relative in folders.items():
            path = self.root / relative
            path.mkdir(parents=True, exist_ok=True)
            patch = mock.patch.object(chapters, name, path)
            patch.start()
            self.addCleanup(patch.stop)

    def program(self, chapter: str, *stacks: str, text: str = "") -> None:
        for stack in stacks:
            path = chapters.PROGRAMS / chapter / chapters.SOURCES[stack]
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def conversation(self, chapter: str, name: str, head: str = "") -> None:
        path = chapters.CONVERSATIONS / chapter / f"{name}.chat"
        path.parent.mkdir(exist_ok=True)
        path.write_text(CHAT.format(head))


class ChaptersTest(Folders):
    def test_chapters_are_found_by_name_number_or_all(self) -> None:
        for name in ("01_echo", "02_coroutines", "08_chat"):
            self.program(name, "cpp")
        self.conversation("03_messages", "one")
        (chapters.PROGRAMS / "faq").mkdir()
        self.assertEqual(chapters.find_chapters(["01", "02_coroutines", "01"]), ["01_echo", "02_coroutines"])
        self.assertEqual(chapters.find_chapters(["all"]), ["01_echo", "02_coroutines", "03_messages"])
        with self.assertRaisesRegex(ScenarioError, "no chapter 08; there are: 01_echo, 02"):
            chapters.find_chapters(["08"])

    def test_each_program_needs_a_conversation(self) -> None:
        self.program("01_echo", "cpp", "fastapi", "flask")
        with self.assertRaisesRegex(ScenarioError, "01_echo/main.cpp has no conversation"):
            chapters.load_chapter("01_echo")
        self.conversation("01_echo", "raw", "stacks: cpp fastapi")
        with self.assertRaisesRegex(ScenarioError, "flask_socketio_app.py has no conversation"):
            chapters.load_chapter("01_echo")
        self.conversation("01_echo", "events", "stacks: flask")
        self.assertEqual([s.name for s in chapters.load_chapter("01_echo")], ["events", "raw"])

    def test_each_conversation_needs_its_programs(self) -> None:
        self.program("01_echo", "cpp", "fastapi")
        self.conversation("01_echo", "one")
        with self.assertRaisesRegex(ScenarioError, "one.chat is for flask too, but there is no"):
            chapters.load_chapter("01_echo")
        self.conversation("01_echo", "one", "stacks: cpp fastapi")
        self.assertEqual(len(chapters.load_chapter("01_echo")), 1)

    def test_programs_serve_on_a_free_port_and_get_settings_by_the_environment(self) -> None:
        with mock.patch.dict(os.environ, {"CHAPTER08_STEPS": "build/other"}):
            argv, environment = command("cpp", ("--heartbeat-timeout", "0.5"), "07_heartbeat")
        self.assertEqual(argv, [str(self.root / "build/other/step_07_heartbeat")])
        self.assertEqual(environment["PORT"], "0")
        self.assertEqual(environment["CHAT_HEARTBEAT_TIMEOUT"], "0.5")
        argv, _ = command("flask", (), "07_heartbeat")
        self.assertEqual(argv, [PYTHON, str(chapters.PROGRAMS / "07_heartbeat/flask_socketio_app.py")])


class RunnerTest(unittest.TestCase):
    """The runner in a copy of the project, which has one chapter."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        (self.root / "tests/conformance/chapters/01_echo").mkdir(parents=True)
        (self.root / "docs/src/01_echo").mkdir(parents=True)
        shutil.copy(HERE / "run.py", self.root / "tests/conformance")
        shutil.copytree(HERE / "player", self.root / "tests/conformance/player")
        (self.root / "docs/src/01_echo/fastapi_app.py").write_text(PROGRAM)

    def run_it(
        self, conversation: str, *arguments: str, stacks: str = "fastapi", **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        path = self.root / "tests/conformance/chapters/01_echo/one.chat"
        path.write_text(f"# One.\nstacks: {stacks}\n{conversation}")
        return subprocess.run(
            [self.root / "tests/conformance/run.py", "--chapter", "01", *arguments],
            capture_output=True, text=True, timeout=60, check=False, env=OUTSIDE | environment,
        )  # fmt: skip

    def test_plays_a_program_that_has_no_status(self) -> None:
        done = self.run_it('Alice connects to /ws\nAlice sends "a"\nAlice receives "a"\n')
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "1 passed, 0 failed"), done)
        self.assertIn("01_echo, fastapi: 1 passed", done.stdout)

    def test_a_program_that_answers_otherwise_fails(self) -> None:
        done = self.run_it('Alice connects to /ws\nAlice sends "a"\nAlice receives "b"\n')
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (1, "0 passed, 1 failed"), done)

    def test_settings_reach_the_program(self) -> None:
        chat = 'needs: --greeting "Hello, "\n\nAlice connects to /ws\nAlice sends "a"\nAlice receives "Hello, a"\n'
        done = self.run_it(chat)
        self.assertEqual(done.returncode, 0, done)

    def test_the_other_server_is_another_process(self) -> None:
        chat = "Alice connects to /ws\nBob connects to /ws on the other server\nthe server is killed\n"
        done = self.run_it(chat + 'Bob sends "a"\nBob receives "a"\n')
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "1 passed, 0 failed"), done)

    def test_a_redis_is_started_for_who_needs_one(self) -> None:
        """A program that answers to Redis' name, and says where it listens."""
        folder = self.root / "bin"
        folder.mkdir()
        redis = folder / "redis-server"
        redis.write_text("#!/bin/sh\necho \"Ready to accept connections\"\nexec sleep 60\n")
        redis.chmod(0o755)
        program = self.root / "docs/src/01_echo/fastapi_app.py"
        program.write_text(PROGRAM.replace('.get("CHAT_GREETING", "")', '["CHAT_REDIS"][:17]'))
        chat = (
            'needs: --redis <redis>\n\nAlice connects to /ws\nAlice sends " it is"\n'
            'Alice receives "redis://127.0.0.1 it is"\n'
            "Redis is killed\nRedis starts again\n"
        )
        done = self.run_it(chat, PATH=f"{folder}:{os.environ['PATH']}")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "1 passed, 0 failed"), done)
        redis.write_text("#!/bin/sh\nexit 1\n")
        done = self.run_it(chat, PATH=f"{folder}:{os.environ['PATH']}")
        self.assertEqual((done.returncode, done.stderr), (2, "run.py: redis-server does not start\n"), done)

    def test_another_program_of_a_chapter_is_played_by_its_name(self) -> None:
        other = self.root / "docs/src/01_echo/other_app.py"
        other.write_text(PROGRAM.replace('"CHAT_GREETING", ""', '"CHAT_GREETING", "Hello, "'))
        chat = 'program: 01_echo/other_app.py\n\nAlice connects to /ws\nAlice sends "a"\nAlice receives "Hello, a"\n'
        done = self.run_it(chat)
        self.assertEqual(done.returncode, 0, done)

    def test_a_ghost_is_found_where_there_is_a_status(self) -> None:
        program = self.root / "docs/src/01_echo/fastapi_app.py"
        status = '@app.get("/ws/status")\nasync def status():\n    return {"connected_count": 1}\n\n\nuvicorn.run'
        program.write_text(PROGRAM.replace("uvicorn.run", status))
        done = self.run_it("Alice connects to /ws\n")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("still counts 1 connections", done.stdout)

    def test_a_stack_without_a_program_plays_nothing(self) -> None:
        done = self.run_it("Alice connects to /ws\n", "--stack", "flask")
        self.assertEqual((done.returncode, done.stdout), (0, "0 passed, 0 failed\n"), done)
        done = self.run_it("Alice connects to /ws\n", "--fault", "ghost")
        self.assertEqual(done.returncode, 2, done)

    def test_a_cpp_program_is_what_its_source_says_now(self) -> None:
        """A build that copies stands for the compiler."""
        (self.root / "docs/src/01_echo/fastapi_app.py").unlink()
        source, build = self.root / "docs/src/01_echo/main.cpp", self.root / "scripts/lib/build.sh"
        build.parent.mkdir(parents=True)
        build.write_text(f'build() {{ install -D {source} "build/$1/docs/$2"; }}\n')
        for greeting in "Hello, ", "Welcome, ":
            program = PROGRAM.replace('"CHAT_GREETING", ""', f'"CHAT_GREETING", "{greeting}"')
            source.write_text(f"#!{PYTHON}\n{program}")
            chat = f'Alice connects to /ws\nAlice sends "a"\nAlice receives "{greeting}a"\n'
            done = self.run_it(chat, stacks="cpp")
            self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "1 passed, 0 failed"), done)
        build.write_text("build() { echo it does not compile >&2; return 1; }\n")
        folder = str(self.root / "build/release/docs")
        done = self.run_it(chat, stacks="cpp", CHAPTER08_STEPS=folder)  # another's build is not our business
        self.assertEqual(done.returncode, 0, done)
        done = self.run_it(chat, stacks="cpp")
        self.assertEqual((done.returncode, done.stdout), (2, ""), done)
        self.assertRegex(done.stderr, "it does not compile\nrun.py: step_01_echo could not be built")

    def test_who_is_stopped_while_it_builds_leaves_no_compiler(self) -> None:
        (self.root / "scripts/lib").mkdir(parents=True)
        building = "build() { sleep 300 & echo compiling $!; wait; }\n"
        (self.root / "scripts/lib/build.sh").write_text(building)
        (self.root / "docs/src/01_echo/main.cpp").write_text("")
        path = self.root / "tests/conformance/chapters/01_echo/one.chat"
        path.write_text("# One.\nstacks: cpp fastapi\n\nAlice connects to /ws\n")
        runner = subprocess.Popen(
            [self.root / "tests/conformance/run.py", "--chapter", "01", "--stack", "cpp"],
            stderr=subprocess.PIPE, text=True, env=OUTSIDE,
        )  # fmt: skip
        self.addCleanup(runner.kill)
        assert runner.stderr
        self.addCleanup(runner.stderr.close)
        compiler = int(runner.stderr.readline().removeprefix("compiling "))
        self.addCleanup(end, compiler)
        runner.terminate()
        self.assertEqual(runner.wait(10), 130)
        # The compiler holds the pipe, too: it is at its end when the last of them has gone.
        self.assertEqual(select.select([runner.stderr], [], [], 10)[0], [runner.stderr])
        self.assertEqual(runner.stderr.read(), "")


if __name__ == "__main__":
    unittest.main()
