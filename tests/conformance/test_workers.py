"""What chapters 16 and 16b say of two workers: uvicorn's are two chats, those of chapter08 are one."""

import os
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from player.server import PYTHON  # noqa: E402

PROGRAMS = ROOT / "docs/src"
CHAPTER08 = ROOT / os.environ.get("CHAPTER08", "build/release/chapter08/chapter08")
MEMBERS = 12
DEADLINE = 60.0  # seconds


class WorkersTest(unittest.TestCase):
    def serve(self, *command: str) -> str:
        """Starts a server on a port that is free, and gives its address."""
        with socket.socket() as probe:  # with workers, uvicorn doesn't tell which one it has taken
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline and server.poll() is None:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    return f"ws://127.0.0.1:{port}"
            time.sleep(0.05)
        self.fail(f"{command[0]} does not start")

    def chats(self, url: str) -> "list[set[str]]":
        """Who hear each other, as the program of the chapter finds out."""
        done = subprocess.run(
            [PYTHON, PROGRAMS / "16_workers/how_many_chats.py", url, str(MEMBERS)],
            stdout=subprocess.PIPE, text=True, timeout=DEADLINE, check=False,
        )  # fmt: skip
        chats = [set(line.split(": ")[1].split()) for line in done.stdout.splitlines()[:-1]]
        self.assertEqual(done.returncode, len(chats) != 1, done.stdout)
        self.assertEqual(set().union(*chats), {f"M{n}" for n in range(1, MEMBERS + 1)})
        return chats

    def test_two_workers_of_uvicorn_are_two_chats(self) -> None:
        app = ["--app-dir", str(PROGRAMS / "08_chat"), "fastapi_app:app"]
        url = self.serve(PYTHON, "-m", "uvicorn", "--workers", "2", *app)
        deadline = time.monotonic() + DEADLINE
        # Which worker gets a connection is luck: one may have got them all.
        while len(chats := self.chats(url)) == 1 and time.monotonic() < deadline:
            pass
        self.assertEqual(len(chats), 2)

    def test_two_workers_of_the_server_are_one_chat(self) -> None:
        url = self.serve(str(CHAPTER08), "--workers", "2")
        self.assertEqual(len(self.chats(url)), 1)


if __name__ == "__main__":
    unittest.main()
