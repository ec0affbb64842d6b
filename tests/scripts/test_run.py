"""What scripts/run.sh does, with a small program in the server's place (tests/scripts/project)."""

import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from stand_in import Project

DEADLINE = 60  # seconds, for whatever is waited for; a build on a busy machine is the longest


def wait_for(what, condition):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"waited {DEADLINE} s in vain for: {what}")


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if stat.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(stat.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def compilers_in(folder):
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program = (process / "cmdline").read_text().partition("\0")[0]
            if program.endswith("/cc1plus") and (process / "cwd").resolve().is_relative_to(folder):
                found.append(int(process.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


class Server:
    """A running scripts/run.sh, and what it has printed so far."""

    def __init__(self, test, project, *arguments, terminal=False):
        self.log = tempfile.TemporaryFile("w+b")
        self.terminal = None
        options = {"stdin": subprocess.DEVNULL, "stdout": self.log, "stderr": self.log}
        if terminal:
            self.terminal, slave = pty.openpty()
            options = {"stdin": slave, "stdout": slave, "stderr": slave, "preexec_fn": lambda: self.adopt(slave)}
        self.process = subprocess.Popen(
            project.command + list(arguments), cwd="/", start_new_session=True, **options
        )
        if terminal:
            os.close(slave)
        test.addCleanup(self.clean_up)

    @staticmethod
    def adopt(slave):
        import fcntl
        import termios

        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    def clean_up(self):
        for pid in [*children(self.process.pid), self.process.pid]:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(DEADLINE)
        self.log.close()
        if self.terminal is not None:
            os.close(self.terminal)

    def printed(self):
        if self.terminal is not None:
            while select.select([self.terminal], [], [], 0)[0]:
                try:
                    self.log.write(os.read(self.terminal, 65536))
                except OSError:  # the other side has closed it
                    break
        self.log.flush()
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def port(self):
        found = re.findall(r"running on http://127\.0\.0\.1:(\d+)", self.printed())
        return int(found[-1]) if found else None

    def ask(self):
        """The greeting and the process id of the server that answers on the last port announced."""
        with socket.create_connection(("127.0.0.1", self.port()), timeout=DEADLINE) as connection:
            answer = b"".join(iter(lambda: connection.recv(1000), b"")).decode()
        greeting, _, pid = answer.rpartition(" ")
        return greeting, int(pid)

    def started(self):
        wait_for("the server's start", lambda: self.port() or self.process.poll() is not None)
        return self.ask()

    def wait_for(self, text, times=1):
        wait_for(f"{text!r} in\n{self.printed()}", lambda: self.printed().count(text) >= times)

    def ended(self):
        status = self.process.wait(DEADLINE)
        return status, self.printed()


class RunScript(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.project = Project(folder.name)
        cls.first = subprocess.run(
            [*cls.project.command, "--bad"], cwd="/", stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=DEADLINE, check=False,
        )

    def setUp(self):
        if self.project.source.read_text() != self.project.text:
            self.project.source.write_text(self.project.text)

    def run_script(self, *arguments, terminal=False):
        return Server(self, self.project, *arguments, terminal=terminal)

    def reloading(self):
        server = self.run_script("--reload")
        greeting, pid = server.started()
        self.assertEqual(greeting, "first version")
        server.wait_for("Watching the sources")
        return server, pid

    def test_builds_at_first_and_only_starts_after_that(self):
        self.assertEqual(self.first.returncode, 2, self.first.stderr)
        self.assertIn("Building", self.first.stderr)
        self.assertEqual(self.first.stdout, "argument: --bad\n")
        server = self.run_script("--bad", "a b", "")
        self.assertEqual(server.ended(), (2, "argument: --bad\nargument: a b\nargument: \n"))

    def test_becomes_the_server(self):
        server = self.run_script()
        _, pid = server.started()
        self.assertEqual(pid, server.process.pid)
        server.process.send_signal(signal.SIGTERM)
        status, printed = server.ended()
        self.assertEqual(status, 0)
        self.assertIn("told once: 15", printed)

    def test_explains_itself_and_the_server(self):
        status, printed = self.run_script("--help").ended()
        self.assertEqual(status, 0)
        self.assertIn("--reload", printed)
        self.assertIn("argument: --help", printed)
        self.assertNotIn("#", printed.splitlines()[0])

    def test_stops_where_the_build_fails(self):
        self.project.change("return 2;", "return two;")
        status, printed = self.run_script().ended()
        self.assertEqual(status, 1)
        self.assertRegex(printed, "main.cpp:.*error: .*two")

    def test_builds_anew_in_a_copy(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = Project(folder)
            shutil.copytree(self.project.folder / "build", copy.folder / "build")
            copy.change("first version", "the copy")
            server = Server(self, copy)
            self.assertEqual(server.started()[0], "the copy")
            server.process.terminate()
            self.assertEqual(server.ended()[0], 0)

    def test_reload_starts_what_was_changed(self):
        server, old = self.reloading()
        self.project.change("first version", "second version")
        server.wait_for("running on", times=2)
        greeting, new = server.ask()
        self.assertEqual(greeting, "second version")
        self.assertNotEqual(old, new)
        self.assertFalse(is_running(old))
        self.assertEqual(server.printed().count("told once: 15"), 1, "the old server was asked to stop")
        self.stop(server, new)

    def test_reload_keeps_the_old_server_while_the_build_fails(self):
        server, old = self.reloading()
        self.project.change("return 2;", "return two;")
        server.wait_for("the old server goes on")
        self.assertRegex(server.printed(), "main.cpp:.*error: .*two")
        self.assertEqual(server.ask(), ("first version", old))
        self.project.change("return two;", "return 4;")
        server.wait_for("running on", times=2)
        self.assertNotEqual(server.ask()[1], old)
        self.stop(server, server.ask()[1])

    def test_reload_restarts_nothing_if_the_program_stays_the_same(self):
        server, old = self.reloading()
        self.project.source.with_name("unused.hpp").write_text("// not included by anything\n")
        self.addCleanup(self.project.source.with_name("unused.hpp").unlink)
        server.wait_for("the server goes on")
        self.assertEqual(server.ask(), ("first version", old))
        self.stop(server, old)

    def test_reload_waits_for_a_change_after_a_crash(self):
        server, old = self.reloading()
        os.kill(old, signal.SIGKILL)
        server.wait_for("The server ended with status 137")
        self.project.change("first version", "mended version")
        server.wait_for("running on", times=2)
        greeting, new = server.ask()
        self.assertEqual(greeting, "mended version")
        self.stop(server, new)

    def test_reload_ends_with_a_server_that_cannot_start(self):
        self.assertEqual(self.run_script("--bad", "--reload").ended()[0], 2)

    def test_reload_ends_with_a_server_that_was_asked_to_stop(self):
        server, pid = self.reloading()
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(server.ended()[0], 0)

    def test_reload_leaves_nothing_behind_when_it_is_told_to_stop_during_a_build(self):
        server, pid = self.reloading()
        # The compiler reads from a pipe into which nobody writes: it would never end by itself.
        endless = self.project.source.with_name("endless.hpp")
        os.mkfifo(endless)
        self.addCleanup(self.release, endless)
        self.project.source.write_text('#include "endless.hpp"\n' + self.project.text)
        server.wait_for("A source file has changed")
        compilers = wait_for("the compiler", lambda: compilers_in(self.project.folder))
        self.stop(server, pid)
        for process in compilers:
            wait_for("the end of the compiler", lambda process=process: not is_running(process))

    @staticmethod
    def release(fifo):
        os.close(os.open(fifo, os.O_RDWR | os.O_NONBLOCK))
        fifo.unlink()

    def test_ctrl_c_at_a_terminal_reaches_the_server_once(self):
        server = self.run_script("--reload", terminal=True)
        _, pid = server.started()
        server.wait_for("Watching the sources")
        os.write(server.terminal, b"\x03")
        status, printed = server.ended()
        self.assertEqual(status, 0, printed)
        self.assertIn("told once: 2", printed)
        self.assertFalse(is_running(pid))

    def test_a_second_ctrl_c_reaches_it_too(self):
        server = self.run_script("--reload", "--long-goodbye", terminal=True)
        server.started()
        server.wait_for("Watching the sources")
        os.write(server.terminal, b"\x03")
        server.wait_for("saying goodbye")
        os.write(server.terminal, b"\x03")
        status, printed = server.ended()
        self.assertEqual(status, 3, printed)
        self.assertIn("told twice", printed)

    def test_the_server_dies_with_a_script_that_is_killed(self):
        server, pid = self.reloading()
        server.process.kill()
        wait_for("the server's end", lambda: not is_running(pid))

    def stop(self, server, pid):
        server.process.send_signal(signal.SIGTERM)
        status, printed = server.ended()
        self.assertEqual(status, 0, printed)
        self.assertFalse(is_running(pid))


if __name__ == "__main__":
    unittest.main()
