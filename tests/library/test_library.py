"""A project of one's own: what scripts/new.sh makes builds with the installed beastapi alone, and works."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import unittest
import urllib.request
from pathlib import Path

import websockets

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("BEASTAPI_BUILD", ROOT / "build/release"))
# Always the same folder, so that ccache knows what it has compiled before.
FOLDER = ROOT / "build/library"
PREFIX = FOLDER / "prefix"
PROJECT = FOLDER / "hello"
DEADLINE = 300  # seconds, for a compiler on a busy machine
WAIT = 30  # seconds, for an answer there

# What the chat needs, and a server of one's own does not.
FOREIGN = ("icu", "jwt", "ssl", "crypto", "sqlite", "hiredis", "prometheus")
FOREIGN_PACKAGES = ("ICU", "OpenSSL", "CLI11", "SQLiteCpp")


def run(*command, check=True, cwd="/"):
    """What it prints; raises with that if it fails."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    if check and done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def new(*arguments, cwd="/"):
    return run(ROOT / "scripts/new.sh", *arguments, check=False, cwd=cwd)


def compiler_launcher():
    return ["-D", "CMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []


async def echoed(url):
    async with websockets.connect(f"{url}/ws") as websocket:
        await websocket.send("one")
        return await asyncio.wait_for(websocket.recv(), WAIT)


class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(FOLDER, ignore_errors=True)
        run("cmake", "--install", BUILD, "--component", "beastapi", "--prefix", PREFIX)
        cls.said = new(PROJECT)
        os.environ.setdefault("CCACHE_BASEDIR", str(ROOT))
        os.environ.setdefault("CCACHE_NOHASHDIR", "true")
        run("cmake", "-S", PROJECT, "-B", PROJECT / "build", "-D", f"CMAKE_PREFIX_PATH={PREFIX}",
            *compiler_launcher())  # fmt: skip
        cls.built = run("cmake", "--build", PROJECT / "build", "--parallel", os.cpu_count())

    def test_it_compiles_without_warnings(self):
        self.assertNotIn("warning:", self.built)

    def test_its_own_tests_pass(self):
        tested = run("ctest", "--test-dir", PROJECT / "build", "--output-on-failure")
        self.assertIn("100% tests passed, 0 tests failed out of 1", tested)

    def test_its_server_answers_and_stops(self):
        environment = {"PATH": os.environ["PATH"], "PORT": "0"}
        server = subprocess.Popen(
            [PROJECT / "build/hello"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait, WAIT)
        self.addCleanup(server.kill)
        printed = ""
        while not (found := re.search(r"hello running on (http://127\.0\.0\.1:\d+)", printed)):
            line = server.stdout.readline()
            self.assertTrue(line, f"it ended:\n{printed}")
            printed += line
        url = found[1]
        with urllib.request.urlopen(f"{url}/hello/Ada", timeout=WAIT) as answer:
            self.assertEqual(json.load(answer), {"message": "Hello, Ada!"})
        with urllib.request.urlopen(f"{url}/openapi.json", timeout=WAIT) as answer:
            self.assertEqual(sorted(json.load(answer)["paths"]), ["/hello/{name}", "/ws"])
        self.assertEqual(asyncio.run(echoed(url.replace("http", "ws"))), "Echo: one")
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(WAIT), 0)

    def test_it_needs_boost_fmt_and_spdlog_only(self):
        libraries = run("ldd", PROJECT / "build/hello")
        self.assertEqual([name for name in FOREIGN if f"lib{name}" in libraries], [], libraries)
        config = (PREFIX / "lib/cmake/beastapi/beastapi-config.cmake").read_text()
        self.assertEqual(re.findall(r"find_dependency\((\w+)", config), ["Threads", "Boost", "fmt", "spdlog"])
        without = [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in FOREIGN_PACKAGES]
        run("cmake", "-S", ROOT / "chapter08/beastapi", "-B", FOLDER / "alone", *without)

    def test_the_installed_headers_include_no_others_of_the_project(self):
        include = PREFIX / "include/beastapi-1"
        headers = list(include.rglob("*.hpp"))
        self.assertGreater(len(headers), 20)
        for header in headers:
            for name in re.findall(r'^#include "(.*)"', header.read_text(), re.MULTILINE):
                self.assertTrue((include / name).is_file(), f"{header} includes {name}")

    def test_it_says_what_to_run(self):
        commands = re.findall(r"^  (\S.*)$", self.said, re.MULTILINE)
        for wanted in ("cmake --install", f"cd {PROJECT}", "cmake -S . -B build", "ctest", "build/hello"):
            self.assertTrue(any(command.startswith(wanted) for command in commands), self.said)

    def test_it_takes_no_folder_that_is_there_and_no_name_that_is_none(self):
        before = (PROJECT / "app.cpp").read_text()
        self.assertIn(f"error: {PROJECT} is there already", new(PROJECT))
        self.assertEqual((PROJECT / "app.cpp").read_text(), before)
        for name in ("", "1st", "a b", "test", "..", "--nothing"):
            said = new(name, cwd=FOLDER)
            self.assertTrue(said.startswith("error: "), said)
        self.assertEqual(sorted(path.name for path in FOLDER.iterdir() if path.name != "alone"), ["hello", "prefix"])


if __name__ == "__main__":
    unittest.main()
