"""A Redis of the run's own, on a free port, which can be killed and started again."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
START_DEADLINE = 20.0  # seconds
_TRIES = 5  # somebody else may take a port that was free
# Where scripts/lib/setup.sh unpacks it, if it's not installed.
_PATH = f"{os.environ.get('PATH', '')}:{ROOT / 'build/tools/usr/bin'}"


class RedisError(Exception):
    """Redis did not start."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """It keeps what it's told in a file, which goes with it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="conformance-redis-")
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """What the settings of a server call it."""
        return f"redis://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process
        return self._process.pid

    async def start(self) -> None:
        """Starts it on a free port, and waits until it answers."""
        for _ in range(_TRIES):
            self._port = _free_port()
            if await self._launch():
                return
        raise RedisError("redis-server does not start")

    async def start_again(self, empty: bool = False) -> None:
        """Starts it where it was, with what it had, or with nothing."""
        if empty:
            shutil.rmtree(Path(self._folder.name) / "appendonlydir")
        if not await self._launch():
            raise RedisError("redis-server does not start again")

    async def _launch(self) -> bool:
        try:
            self._process = await asyncio.create_subprocess_exec(
                "redis-server", "--bind", "127.0.0.1", "--port", str(self._port), "--save", "",
                "--appendonly", "yes", "--dir", self._folder.name,
                env=os.environ | {"PATH": _PATH}, stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise RedisError("there is no redis-server: scripts/lib/setup.sh redis") from error
        try:
            return await asyncio.wait_for(self._says_that_it_is_ready(), START_DEADLINE)
        except asyncio.TimeoutError:
            await self.kill()
            return False

    async def _says_that_it_is_ready(self) -> bool:
        assert self._process and self._process.stdout
        async for line in self._process.stdout:
            if b"eady to accept connections" in line:
                return True
        await self._process.wait()
        return False

    async def kill(self) -> None:
        """Ends it with SIGKILL, which leaves it no time for anything."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Ends it, and what it has kept."""
        await self.kill()
        self._folder.cleanup()
