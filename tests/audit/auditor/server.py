"""The server under audit: started on a free port, killed, started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections import deque
from pathlib import Path

START_DEADLINE = 20.0  # seconds
STOP_DEADLINE = 60.0  # its own --shutdown-timeout is 10 s
RUNNING = re.compile(r"running on http://127\.0\.0\.1:(\d+)")

# The clients talk as much as the run wants. What is kept is judged, so it's more than a run says.
OPTIONS = """--host 127.0.0.1 --port 0 --message-rate 0 --client-rate-in 0 --client-rate-out 0
    --connection-rate 0 --request-rate 0 --max-connections-per-address 0""".split()


class ServerError(Exception):
    """The server did not start."""


class Server:
    """One program, in as many processes, one after the other, as the harm asks for."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.command = command
        self._environment = os.environ | environment
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self._up = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self.log: deque[str] = deque(maxlen=200)
        self.starts = 0
        self.died = asyncio.Event()
        self.deaths: list[str] = []  # that nobody asked for

    async def port(self) -> int:
        """Where it listens; waits until it does."""
        await self._up.wait()
        return self._port

    @property
    def listens(self) -> bool:
        """Whether port() needn't wait."""
        return self._up.is_set()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        process = self._process
        return process.pid if process and process.returncode is None else None

    async def start(self) -> None:
        """Starts a process and waits until it listens."""
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the auditor, and the auditor stops it
            # A write beyond a quota is an error then, and doesn't end the process.
            preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
        )
        listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._watch = asyncio.create_task(self._read_log(self._process, listening))
        try:
            self._port = await asyncio.wait_for(listening, START_DEADLINE)
        except (asyncio.TimeoutError, ServerError) as error:
            await self.end(signal.SIGKILL)
            raise ServerError("\n".join(list(self.log)[-5:]) or "it said nothing") from error
        self.starts += 1
        self._up.set()

    async def _read_log(
        self, process: asyncio.subprocess.Process, listening: asyncio.Future[int]
    ) -> None:
        assert process.stdout
        async for line in process.stdout:
            text = line.decode("utf-8", "replace").rstrip()
            self.log.append(text)
            if (found := RUNNING.search(text)) and not listening.done():
                listening.set_result(int(found[1]))
        status = await process.wait()
        if not listening.done():
            listening.set_exception(ServerError("it ended"))
        elif self._up.is_set():
            self._up.clear()
            last = " | ".join(list(self.log)[-3:])
            self.deaths.append(f"the process ended by itself with status {status}: {last}")
            self.died.set()

    def freeze(self, on: bool) -> None:
        """Stops the process, or lets it go on."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    async def end(self, how: signal.Signals) -> None:
        """Ends the process, and waits for that."""
        self._up.clear()
        if self._process and self._process.returncode is None:
            if how != signal.SIGKILL:
                self._process.send_signal(signal.SIGCONT)  # it may be frozen
            self._process.send_signal(how)
            try:
                await asyncio.wait_for(self._process.wait(), STOP_DEADLINE)
            except asyncio.TimeoutError:
                self.deaths.append(f"the process did not end {STOP_DEADLINE:g} s after {how.name}")
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    self._process.kill()
                await self._process.wait()
        if self._watch:
            await self._watch


def command(program: Path, database: Path | None, options: list[str]) -> list[str]:
    """The command line of the server."""
    argv = [str(program), *OPTIONS, *options]
    if database is not None:
        return [*argv, "--database", str(database)]
    # By default 1,000 of each conversation are kept in memory.
    return argv if "--history-messages" in options else [*argv, "--history-messages", "1000000"]
