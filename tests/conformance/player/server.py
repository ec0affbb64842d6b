"""Starts the stacks on free ports of this machine, and stops what it started."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
from collections import deque
from pathlib import Path

import websockets

from .chapters import chapter_command
from .contract import Contract
from .redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / "docs" / "src" / "08_chat"
PYTHON = "/usr/bin/python3"  # Debian's own: another python3 on PATH lacks Debian's packages

# The players of a conversation talk as fast as they can, and as much; a scenario about limits sets
# its own.
UNHURRIED = {"--message-rate": "0", "--max-text-length": "0", "--request-rate": "0"}
UNHURRIED |= {"--client-rate-in": "0", "--client-rate-out": "0"}

# The settings of the corrected programs in Python, which read them from variables.
_CORRECTED = ("--heartbeat-interval", "--heartbeat-timeout", "--max-message-bytes", "--database")
_CORRECTED += ("--message-rate", "--message-burst", "--max-text-length", "--max-connections")
_CORRECTED += ("--history-messages", "--allow-origin")

# What keeps messages, or lets servers meet: the Python versions do neither, with these settings as
# without.
_KEEPING = ("--database", "--redis", "--history-messages", "--dedup-window", "--look-back")
_KEEPING += ("--resume-window",)

START_DEADLINE = 20.0  # seconds
STOP_DEADLINE = 5.0
AGAIN = 0.05  # between two attempts to come in
_RUNNING = re.compile(r"(?:running on|starting up on) https?://[^:]+:(\d+)")


class ServerError(Exception):
    """The server did not start, or has no such setting."""


def command(
    stack: str, needs: tuple[str, ...], chapter: str | None = None, program: str = ""
) -> tuple[list[str], dict[str, str]]:
    """The command line that starts a stack with these settings, and its extra environment.

    `program` is another program of docs/src that FastAPI runs instead of the whole chat.
    """
    settings = dict(zip(needs[::2], needs[1::2]))
    if chapter:
        return chapter_command(chapter, stack, settings, PYTHON, program)
    if stack == "cpp":
        program = os.environ.get("CHAPTER08", "build/release/chapter08/chapter08")
        rates = [word for pair in (UNHURRIED | settings).items() for word in pair]
        return [str(ROOT / program), "--host", "127.0.0.1", "--port", "0", *rates], {}
    if stack in ("fastapi_corrected", "flask_corrected"):
        return _corrected_command(stack, UNHURRIED | settings)
    if stack == "fastapi":
        path = PROGRAMS.parent / (program or "08_chat/fastapi_app.py")
        argv = [PYTHON, "-m", "uvicorn", "--app-dir", str(path.parent), f"{path.stem}:app"]
        argv += ["--host", "127.0.0.1", "--port", "0"]
        environment = {}
        for name, value in settings.items():
            if name == "--max-message-bytes":
                argv += ["--ws-max-size", value]
            elif name in ("--heartbeat-interval", "--heartbeat-timeout"):
                environment["CHAT_" + name.strip("-").upper().replace("-", "_")] = value
            elif program and name in ("--database", "--redis"):
                environment["CHAT_" + name.strip("-").upper()] = value
            elif name in _KEEPING:
                pass  # it has none
            elif (name, value) != ("--allow-origin", "*"):  # which it does without being asked
                raise ServerError(f"fastapi has no setting {name}")
        return argv, environment
    for name in settings:
        if name not in _KEEPING:
            raise ServerError(f"{stack} has no setting {name}")
    return [PYTHON, str(PROGRAMS / "flask_socketio_app.py"), "0"], {}


def _corrected_command(stack: str, settings: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    environment = {"HOST": "127.0.0.1", "PORT": "0"}
    for name, value in settings.items():
        if name in _CORRECTED:
            environment["CHAT_" + name.strip("-").upper().replace("-", "_")] = value
        elif name not in _KEEPING and name not in UNHURRIED:
            raise ServerError(f"{stack} has no setting {name}")
    return [PYTHON, str(PROGRAMS / f"{stack}.py")], environment


class Server:
    """A server to talk to: one that was started here, or one that is running already.

    With a `chapter` it is that chapter's program, which may have some of the endpoints only.
    """

    def __init__(self, stack: str, port: int, chapter: str | None = None) -> None:
        self.stack = stack
        self.port = port
        self.chapter = chapter
        self._argv: list[str] = []
        self._environment: dict[str, str] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.redis: RedisServer | None = None
        self.contract: Contract | None = None  # what its frames are held against, if anything
        self.other: Server | None = None  # a second process of the same program and settings
        self.process: asyncio.subprocess.Process | None = None
        self.log: deque[str] = deque(maxlen=200)
        self._log_reader: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls, stack: str, needs: tuple[str, ...] = (), chapter: str | None = None,
        program: str = "", two: bool = False,
    ) -> Server:  # fmt: skip
        """Starts a stack on a free port, or `two` of it, and waits until it listens.

        `<file>` among the settings is a file that is not there yet, and `<redis>` is where a Redis
        listens that holds nothing; both go with the server.
        """
        server = cls(stack, 0, chapter)
        if "<file>" in needs:
            server._folder = tempfile.TemporaryDirectory(prefix="conformance-")
            file = str(Path(server._folder.name) / "file")
            needs = tuple(file if word == "<file>" else word for word in needs)
        if "<redis>" in needs:
            server.redis = RedisServer()
            await server.redis.start()
            needs = tuple(server.redis.url if word == "<redis>" else word for word in needs)
        server._argv, server._environment = command(stack, needs, chapter, program)
        if two:
            server.other = cls(stack, 0, chapter)
            server.other._argv, server.other._environment = server._argv, server._environment
        try:
            both = [server, server.other] if server.other else [server]
            await asyncio.gather(*(each.start_again() for each in both))
            if server.redis and stack == "cpp" and not chapter:
                await asyncio.gather(*(each.wait_until_it_welcomes() for each in both))
        except BaseException:
            await server.stop()
            raise
        return server

    async def start_again(self) -> None:
        """Starts the process, with the settings and the files that it had before, if any."""
        try:
            self.process = await asyncio.create_subprocess_exec(
                *self._argv,
                env=os.environ | self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=2**24,
                start_new_session=True,  # Ctrl-C reaches the runner, and the runner stops it
            )
        except OSError as error:
            raise ServerError(f"cannot start {self._argv[0]}: {error.strerror}") from error
        listening = asyncio.get_running_loop().create_future()
        self._log_reader = asyncio.create_task(self._read_log(listening))
        try:
            self.port = await asyncio.wait_for(listening, START_DEADLINE)
        except BaseException as error:
            is_its_fault = isinstance(error, (asyncio.TimeoutError, ServerError))
            await self.stop(at_once=not is_its_fault)
            if not is_its_fault:
                raise
            log = "\n".join(self.log)
            raise ServerError(f"{self.stack} did not start:\n{log}") from error

    async def wait_until_it_welcomes(self) -> None:
        """Comes again, as a client does: before Redis has answered, a member is closed with 1013."""
        deadline = time.monotonic() + START_DEADLINE
        while time.monotonic() < deadline:
            try:
                async with websockets.connect(f"ws://127.0.0.1:{self.port}/ws/chat") as client:
                    await client.recv()
                    return
            except websockets.ConnectionClosed:
                await asyncio.sleep(AGAIN)
        raise ServerError(f"{self.stack} welcomes nobody")

    async def _read_log(self, listening: asyncio.Future[int]) -> None:
        assert self.process and self.process.stdout
        async for line in self.process.stdout:
            text = line.decode("utf-8", "replace").rstrip()
            self.log.append(text)
            found = _RUNNING.search(text)
            if found and not listening.done():
                listening.set_result(int(found[1]))
        if not listening.done():
            listening.set_exception(ServerError("it ended"))

    def terminate(self) -> None:
        """Sends SIGTERM."""
        assert self.process, "only a server that was started here can be stopped"
        if self.process.returncode is None:
            self.process.terminate()

    @property
    def is_running(self) -> bool:
        return self.process is None or self.process.returncode is None

    async def kill(self) -> None:
        """Sends SIGKILL, which leaves a program no time for anything, and waits for the end."""
        assert self.process, "only a server that was started here can be killed"
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        if self._log_reader:
            await self._log_reader

    async def stop(self, at_once: bool = False) -> None:
        """Ends the process, and what was started with it; `at_once` by SIGKILL."""
        if self.other:
            await self.other.stop(at_once)
        if self.process and at_once:
            await self.kill()
        elif self.process:
            await self._end(self.process)
        if self._log_reader:
            await self._log_reader
        if self.redis:
            await self.redis.stop()
        if self._folder:
            self._folder.cleanup()

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """SIGTERM, and SIGKILL when that does not do it in time."""
        self.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_DEADLINE)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
