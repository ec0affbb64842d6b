"""The tutorial's client for its Flask-SocketIO programs talks to them."""

import asyncio
import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from player.server import PYTHON, Server  # noqa: E402

DEADLINE = 30  # seconds


async def say(chapter: str, namespace: str, lines: "list[tuple[str, str]]") -> list[str]:
    """Types each line after the client has printed what comes before it; returns all that it printed."""
    server = await Server.start("flask", chapter=chapter)
    try:
        client = await asyncio.create_subprocess_exec(
            PYTHON, str(ROOT / "docs/src/migration/flask_client.py"), namespace,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PORT": str(server.port), "NAME": "Bob"},
        )  # fmt: skip
        assert client.stdin and client.stdout
        printed: list[str] = []
        try:
            for awaited, line in lines:
                while awaited and awaited not in "".join(printed[-1:]):
                    text = await asyncio.wait_for(client.stdout.readline(), DEADLINE)
                    assert text, printed
                    printed.append(text.decode().rstrip())
                if line:
                    client.stdin.write(f"{line}\n".encode())
                else:
                    client.stdin.close()
            printed += (await asyncio.wait_for(client.stdout.read(), DEADLINE)).decode().splitlines()
            assert await asyncio.wait_for(client.wait(), DEADLINE) == 0, printed
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()
    finally:
        await server.stop()
    return printed


class FlaskClientTest(unittest.TestCase):
    def test_echo(self) -> None:
        lines = [("", "Hello"), ("Echo: Hello", "")]
        self.assertEqual(asyncio.run(say("01_echo", "/echo", lines)), ['< message "Echo: Hello"', "disconnected"])

    def test_the_server_disconnects(self) -> None:
        printed = asyncio.run(say("02_coroutines", "/", [('"5"', "stop"), ("Stopped", " ")]))
        self.assertEqual(printed[-2:], ['< message "Stopped"', "disconnected"])

    def test_names_and_events(self) -> None:
        lines = [
            ('"welcome"', '{"message": "Hello"}'),
            ('"Hello"', '{"type": "message", "message": "Psst", "target_user": "Alice"}'),
            ("user_offline", ""),
        ]
        printed = asyncio.run(say("06_names", "/", lines))
        self.assertIn("Welcome to the chat room, Bob!", printed[0])
        self.assertEqual(printed[1], '< message {"username": "Bob", "message": "Hello"}')
        self.assertEqual(printed[2], '< error {"code": "user_offline", "message": "Alice is not online"}')


if __name__ == "__main__":
    unittest.main()
