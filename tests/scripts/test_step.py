"""What scripts/step.sh starts, in a project whose chapters say how they were started."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.request
from contextlib import contextmanager

from stand_in import ROOT, Project

CPP = """
#include "beastapi/app.hpp"
int main() {
    std::printf("%s: %s:%s\\n", NAME, std::getenv("HOST"), std::getenv("PORT"));
    if (const char* inspect = std::getenv("BEASTAPI_INSPECT"))
        std::printf("inspected: %s %s\\n", inspect, std::getenv("INSPECT_DIR"));
    // app.run();
    return 3;
}
"""
BEASTAPI = """
#include <cstdio>
#include <cstdlib>
"""
CMAKE = """
add_library(project_warnings INTERFACE)
add_library(beastapi INTERFACE)
target_include_directories(beastapi INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
add_subdirectory(docs)
"""
FLASK = """
import os, sys
print(f"flask: {os.environ['HOST']}:{os.environ['PORT']} {sys.argv[1:]} {sys.executable}")
"""
FASTAPI = """
import os
import uvicorn

async def app(scope, receive, send):
    pass

if __name__ == "__main__":
    uvicorn.run(app, host=os.environ["HOST"], port=int(os.environ["PORT"]))
"""
DEADLINE = 300  # seconds; a build on a busy machine


class Step(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.project = project = Project(folder.name)
        project.write("docs/CMakeLists.txt", (ROOT / "docs/CMakeLists.txt").read_text())
        project.write("CMakeLists.txt", (project.folder / "CMakeLists.txt").read_text() + CMAKE)
        (project.folder / "docs/src").mkdir()
        project.write("beastapi/app.hpp", BEASTAPI)
        project.write("docs/src/01_echo/main.cpp", CPP.replace("NAME", '"echo"'))
        project.write("docs/src/01_echo/fastapi_app.py", f"from manager import Manager\n{FASTAPI}")
        project.write("docs/src/01_echo/flask_socketio_app.py", FLASK)
        project.write("docs/src/01_echo/manager.py", "class Manager: pass")
        project.write("docs/src/02_coroutines/main.cpp", CPP.replace("NAME", '"coroutines"'))
        project.write("docs/src/02_coroutines/leak.cpp", CPP.replace("NAME", 'std::getenv("SWAGGER_UI_DIR")'))
        project.write("docs/src/02_coroutines/notes.txt", "no program")
        project.write("docs/src/08_chat/fastapi_app.py", FASTAPI.partition("if __name__")[0])
        project.write("docs/src/12_testing/test_flask_socketio_app.py", "import sys; print(sys.argv[1:])")
        project.write("docs/src/faq/nginx.conf", "no chapter")
        client = "import os, sys; print(*sys.argv[1:], os.environ['HOST'], os.environ['PORT'])"
        project.write("docs/src/migration/flask_client.py", client)
        project.write("docs/src/16_workers/redis.conf", "port 6379")
        project.write("docs/src/08_chat/flask_socketio_app.py", FLASK)

    def step(self, *arguments, **environment):
        """Its exit status, its standard output, and what it said besides."""
        done = subprocess.run(
            [self.project.folder / "scripts/step.sh", *arguments], cwd="/", stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=DEADLINE, check=False,
            env={name: value for name, value in os.environ.items() if name not in ("HOST", "PORT")} | environment,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def refused(self, arguments, *texts):
        status, printed, said = self.step(*arguments)
        self.assertEqual((status, printed), (1, ""), said)
        for text in texts:
            self.assertIn(text, said.splitlines()[0])

    def test_builds_and_becomes_the_program_in_cpp(self):
        for chapter in ("01", "1", "01_echo"):
            status, printed, said = self.step(chapter, "cpp", "--port", "9001")
            self.assertEqual((status, printed), (3, "echo: 127.0.0.1:9001\n"), said)

    def test_builds_no_other_chapter(self):
        self.project.write("docs/src/01_echo/main.cpp", CPP.replace("NAME", '"echo"'))
        self.project.write("docs/src/03_broken/main.cpp", "int main() { return none; }")
        self.addCleanup(shutil.rmtree, self.project.folder / "docs/src/03_broken")
        self.assertEqual(self.step("01", "cpp")[0], 3)
        status, printed, said = self.step("03", "cpp")
        self.assertEqual((status, printed), (1, ""))
        self.assertIn("none", said)

    def test_finds_a_chapter_that_was_added_later(self):
        self.step("01", "cpp")
        self.project.write("docs/src/04_new/main.cpp", CPP.replace("NAME", '"new"'))
        self.addCleanup(shutil.rmtree, self.project.folder / "docs/src/04_new")
        self.assertEqual(self.step("04", "cpp")[:2], (3, "new: 127.0.0.1:8000\n"))
        self.project.write("docs/src/04b_more/main.cpp", CPP.replace("NAME", '"more"'))
        self.addCleanup(shutil.rmtree, self.project.folder / "docs/src/04b_more")
        self.assertEqual(self.step("4b", "cpp")[:2], (3, "more: 127.0.0.1:8000\n"))
        self.assertEqual(self.step("04", "cpp")[:2], (3, "new: 127.0.0.1:8000\n"))

    def test_the_client_of_flask_goes_where_its_program_listens(self):
        self.assertEqual(self.step("01", "flask", "--client")[:2], (0, "/echo 127.0.0.1 8000\n"))
        self.assertEqual(self.step("08", "flask", "--client", "--port=9005")[:2], (0, "/ 127.0.0.1 9005\n"))
        self.refused(["01", "cpp", "--client"], "--client is for flask")

    def test_takes_the_address_from_options_then_from_the_environment(self):
        address = {"HOST": "127.0.0.2", "PORT": "9002"}
        self.assertEqual(self.step("01", "cpp", **address)[1], "echo: 127.0.0.2:9002\n")
        options = ["--host=127.0.0.3", "--port=9003"]
        self.assertEqual(self.step("01", "cpp", *options, **address)[1], "echo: 127.0.0.3:9003\n")

    def test_runs_flask_by_the_systems_python(self):
        for chapter, arguments in (("01", []), ("08", ["8000"])):  # that one isn't told by its environment
            said = f"flask: 127.0.0.1:8000 {arguments} /usr/bin/python3\n"
            self.assertEqual(self.step(chapter, "flask")[1], said)

    def test_runs_fastapi_by_uvicorn_and_passes_signals_on(self):
        for chapter in ("01", "08"):
            with self.subTest(chapter), self.serving(chapter, "fastapi", "--port", "0"):
                pass

    def test_shows_the_coroutines_in_cpp_and_in_fastapi(self):
        root = self.project.folder
        status, printed, said = self.step("01", "cpp", "--inspect", "--port", "9005")
        told = f"echo: 127.0.0.1:9005\ninspected: 1 {root}/static/inspect\n"
        self.assertEqual((status, printed), (3, told), said)
        self.assertIn("http://127.0.0.1:9005/inspect", said)
        self.assertNotIn("inspected", self.step("01", "cpp")[1])
        for chapter in ("01", "08"):
            with self.subTest(chapter), self.serving(chapter, "fastapi", "--inspect", "--port", "0") as address:
                with urllib.request.urlopen(f"{address}/inspect.json", timeout=DEADLINE) as answer:
                    self.assertEqual(json.load(answer)["runtime"], "Python asyncio")

    def test_says_why_there_is_no_inspector(self):
        self.refused(["01", "flask", "--inspect"], "Flask-SocketIO has no inspector")
        self.refused(["16", "redis.conf", "--inspect"], "redis.conf has no inspector")
        self.refused(["12", "flask", "--inspect"], "has no inspector")
        self.project.write("docs/src/02_coroutines/alone.py", "print('no server')")
        self.addCleanup((self.project.folder / "docs/src/02_coroutines/alone.py").unlink)
        self.refused(["02", "alone.py", "--inspect"], "alone.py has no inspector: it serves nothing")

    @contextmanager
    def serving(self, *arguments):
        """The address at which it serves."""
        with subprocess.Popen(
            [self.project.folder / "scripts/step.sh", *arguments], cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            self.addCleanup(process.kill)
            said = ""
            while not (found := re.search(r"running on (http://127\.0\.0\.1:\d+)", said)):
                line = process.stderr.readline()
                self.assertTrue(line, said)
                said += line
            yield found[1]
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=DEADLINE)

    def test_runs_other_programs_of_a_chapter_and_tells_them_where_swagger_ui_is(self):
        installed = self.project.folder / "node_modules/swagger-ui-dist"
        self.assertEqual(self.step("02", "leak.cpp")[:2], (3, f"{installed}: 127.0.0.1:8000\n"))
        chosen = self.step("02", "leak.cpp", SWAGGER_UI_DIR="/elsewhere")
        self.assertEqual(chosen[:2], (3, "/elsewhere: 127.0.0.1:8000\n"))

    def test_runs_the_tests_of_a_chapter_that_has_tests_in_place_of_programs(self):
        self.assertEqual(self.step("12", "flask")[:2], (0, "['--verbose']\n"))
        self.refused(["12", "fastapi"], "chapter 12_testing", "there are: flask")

    def test_runs_redis_as_a_chapter_has_set_it_up(self):
        folder = self.project.folder / "bin"
        for name in ("redis-server", "redis-check-rdb", "nginx"):
            self.project.write(f"bin/{name}", "#!/bin/sh\necho $0 $*\n")
            (folder / name).chmod(0o755)
        root = self.project.folder
        told = f"{folder}/redis-server {root}/docs/src/16_workers/redis.conf --dir {root}/build/redis\n"
        path = f"{folder}:{os.environ['PATH']}"
        self.assertEqual(self.step("16", "redis.conf", PATH=path)[:2], (0, told))

    def test_the_last_step_in_cpp_is_the_chat_server(self):
        # The stand-in prints its arguments, then takes the first for one that it does not know.
        done = subprocess.Popen(
            [self.project.folder / "scripts/step.sh", "08", "cpp", "--port", "9004", "--inspect"], cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.addCleanup(done.communicate)
        self.addCleanup(done.kill)
        printed = [done.stdout.readline() for _ in range(5)]
        words = "--host 127.0.0.1 --port 9004 --inspect".split()
        self.assertEqual(printed, [f"argument: {word}\n" for word in words])

    def test_refuses_in_one_line_that_lists_what_there_is(self):
        self.refused(["99", "cpp"], "no chapter 99", "there are: 01_echo, 02_coroutines, 08_chat")
        self.refused(["cpp", "01"], "the chapter comes first: scripts/step.sh 01 cpp")
        self.refused(["01", "django"], "01_echo has no version django; there are: cpp, fastapi, flask")
        self.refused(["02", "flask"], "02_coroutines has no version flask; there are: cpp, leak.cpp")
        self.refused(["01", "../01_echo/flask_socketio_app.py"], "no version")
        self.refused(["02", "notes.txt"], "not a program")
        self.refused(["01", "manager.py"], "no version manager.py; there are: cpp, fastapi, flask")
        self.refused(["01"], "such as: scripts/step.sh 01 cpp")
        self.refused(["01", "cpp", "flask"], "such as: scripts/step.sh 01 cpp")
        self.refused(["01", "cpp", "--port"], "--port needs a value")
        self.refused(["01", "cpp", "--reload"], "unknown option --reload")
        for port in ("http", "-1", "65536", "1e3", "099999"):
            self.refused(["01", "cpp", "--port", port], f"the port is '{port}'")

    def test_help_is_the_header(self):
        status, printed, _ = self.step("--help")
        self.assertEqual(status, 0)
        self.assertTrue(re.match(r"Runs a program of the tutorial", printed))


if __name__ == "__main__":
    unittest.main()
