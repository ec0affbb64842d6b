"""The stacks: what they are called, and how the load tool speaks to each."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFORMANCE = ROOT / "tests" / "conformance"

# How a stack is started is written down once, where the conversations are played.
sys.path.insert(0, str(CONFORMANCE))
from player.scenario import SOCKET_IO, load_all  # noqa: E402
from player.server import Server, ServerError, command  # noqa: E402

__all__ = ["BASE", "CONFORMANCE", "ROOT", "STACKS", "Server", "ServerError", "Stack"]
__all__ += ["command", "load_all"]


UNLIMITED = ("--max-connections", "0", "--max-connections-per-address", "0")
UNLIMITED += ("--connection-rate", "0", "--request-rate", "0")
UNLIMITED += ("--client-rate-in", "0", "--client-rate-out", "0")
LIFTED = {"cpp": UNLIMITED, "fastapi_corrected": ("--max-connections", "0")}
LIFTED["flask_corrected"] = LIFTED["fastapi_corrected"]


@dataclass(frozen=True)
class Stack:
    """One of the servers that are compared."""

    name: str
    title: str

    @property
    def settings(self) -> tuple[str, ...]:
        """What lifts the limits that the other stacks do not have: all clients are one address."""
        return LIFTED.get(self.name, ())

    def echo_options(self, port: int) -> list[str]:
        """The load tool's options for the echo endpoint."""
        if self.name in SOCKET_IO:
            return [_socketio_url(port), "--protocol", "socketio", "--namespace", "/echo"]
        return [f"ws://127.0.0.1:{port}/ws"]

    def chat_options(self, port: int) -> list[str]:
        """The load tool's options for the chat room, under a name."""
        if self.name in SOCKET_IO:
            options = ["--protocol", "socketio", "--auth", '{"username":"{user}"}']
            return [_socketio_url(port), *options]
        return [f"ws://127.0.0.1:{port}/ws/chat/{{user}}"]


def _socketio_url(port: int) -> str:
    return f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"


# In the order in which one migrates; rounds go through them in this order, too.
STACKS = (
    Stack("flask", "Flask-SocketIO"),
    Stack("flask_corrected", "Flask-SocketIO, corrected"),
    Stack("fastapi", "FastAPI, the tutorial’s"),
    Stack("fastapi_corrected", "FastAPI, corrected"),
    Stack("cpp", "C++"),
)
BASE = "fastapi_corrected"  # what the ratios refer to: FastAPI as one would write it
