"""The Redis under audit, which keeps what is said, and the proxies by which the servers reach it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path

START_DEADLINE = 60.0  # seconds, in which it also reads its file
STOP_DEADLINE = 20.0
TOOLS = Path(__file__).resolve().parents[3] / "build/tools/usr/bin"  # of scripts/lib/setup.sh
CHUNK = 65536  # bytes that a proxy hands on at once


class RedisError(Exception):
    """Redis did not start, or refused a command."""


class Redis:
    """One redis-server after the other, on the same socket and with the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.socket = folder / "redis.sock"

    async def start(self) -> None:
        """Starts it, and waits until it answers with what its file holds."""
        program = shutil.which("redis-server", path=f"{os.environ['PATH']}:{TOOLS}")
        if program is None:
            raise RedisError("there is no redis-server: scripts/audit.sh --redis brings it")
        # Not `everysec`: it may answer then before it has written.
        options = f"""--port 0 --unixsocket {self.socket} --dir {self._folder} --daemonize no
            --appendonly yes --appendfsync always --logfile {self._folder / "redis.log"}""".split()
        self._process = await asyncio.create_subprocess_exec(
            program, *options, "--save", "",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the auditor, and the auditor stops it
        )  # fmt: skip
        try:
            await asyncio.wait_for(self._until_it_answers(self._process), START_DEADLINE)
        except (asyncio.TimeoutError, RedisError) as error:
            await self.end(signal.SIGKILL)
            raise RedisError("redis-server did not start") from error

    async def _until_it_answers(self, process: asyncio.subprocess.Process) -> None:
        while process.returncode is None:
            with contextlib.suppress(OSError, RedisError, asyncio.IncompleteReadError):
                await self.ask("PING")
                return
            await asyncio.sleep(0.01)
        raise RedisError("it ended")

    async def ask(self, command: str) -> str:
        """The first line of its answer."""
        reader, writer = await asyncio.open_unix_connection(self.socket)
        try:
            writer.write(command.encode() + b"\r\n")
            line = (await reader.readuntil(b"\r\n")).decode().strip()
        finally:
            writer.close()
        if line.startswith("-"):
            raise RedisError(line)
        return line

    async def end(self, how: signal.Signals) -> None:
        """Ends it, and waits for that."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGCONT)  # it may be frozen
        process.send_signal(how)
        try:
            await asyncio.wait_for(process.wait(), STOP_DEADLINE)
        except asyncio.TimeoutError:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                process.kill()
            await process.wait()

    def forget(self) -> None:
        """Takes its file away, so that the next one begins with nothing."""
        shutil.rmtree(self._folder / "appendonlydir")

    def freeze(self, on: bool) -> None:
        """Stops the process, or lets it go on."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)


class Proxy:
    """The way of one server to Redis, which can be cut and can fall silent."""

    def __init__(self, redis: Path, socket: Path) -> None:
        self._redis, self.socket = redis, socket
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._is_cut = False

    async def start(self) -> None:
        """Listens."""
        self._server = await asyncio.start_unix_server(self._serve, self.socket)

    def cut(self, on: bool) -> None:
        """Drops all connections and takes no new ones, or takes them again."""
        self._is_cut = on
        if on:
            self._drop()

    def silence(self, on: bool) -> None:
        """Hands nothing on and tells nobody; afterwards all that waits."""
        if on:
            self._flows.clear()
        else:
            self._flows.set()

    async def stop(self) -> None:
        """Ends all connections."""
        if self._server:
            self._server.close()
        self._drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _drop(self) -> None:
        for writer in self._ends:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # Redis isn't there, or one of the two has ended
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            return
        from_redis, to_redis = await asyncio.open_unix_connection(self._redis)
        self._ends |= {writer, to_redis}
        directions = [
            asyncio.create_task(self._hand_on(reader, to_redis)),
            asyncio.create_task(self._hand_on(from_redis, writer)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._ends -= {writer, to_redis}
            to_redis.transport.abort()
            for each in directions:
                each.cancel()
            await asyncio.gather(*directions, return_exceptions=True)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
