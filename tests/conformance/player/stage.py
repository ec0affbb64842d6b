"""The people of a scenario, and the ways to wait for what they receive."""

from __future__ import annotations

import asyncio
import json
import time

from .client import Client, Frame
from .event_client import EventClient
from .http_request import build_request, send_request
from .outcome import Event, Mismatch, Outcome
from .pattern import Json, Variables, differences, show
from .scenario import SOCKET_IO, Scenario, Step
from .server import Server
from .socketio_client import SocketIOClient
from .websocket_client import WebSocketClient

DEADLINE = 5.0  # seconds until something that must come is given up
QUIET = 0.3  # seconds without anything before a round trip may prove that nothing will come


class Stage:
    """Clients and their server; no steps yet."""

    def __init__(
        self, scenario: Scenario, server: Server, expected_to_fail: bool, transport: str
    ) -> None:
        self.scenario = scenario
        self.server = server
        self.outcome = Outcome(scenario, server.stack)
        self._transport = scenario.transport or transport
        self._patience = QUIET if expected_to_fail else DEADLINE
        self._clients: dict[str, Client] = {}
        self._variables: Variables = {}
        self._broken: list[str] = []  # what the server sent against its own description
        self._step = 0
        self._over = False  # what happens now is clean-up
        self._began = time.monotonic()

    def _record(self, who: str, did: str, what: Json) -> None:
        if self._over:
            return
        at = time.monotonic() - self._began
        self.outcome.transcript.append(Event(at, self._step, who, did, what))

    def _open_clients(self) -> list[Client]:
        return [client for client in self._clients.values() if client.is_open]

    def _those(self, step: Step) -> list[Client]:
        if step.names == ["everybody"]:
            return self._open_clients()
        for name in step.names:
            if name not in self._clients:
                raise Mismatch(f"{name} never connected")
        return [self._clients[name] for name in step.names]

    async def _settle(self) -> None:
        """Returns when the server has sent what it had to say about all that was sent to it.

        Two rounds of pings to every reader: a pong of the first proves that the server has read
        what was sent before, one of the second comes after what its handlers wrote meanwhile.
        """
        for _ in range(2):
            if self.server.stack in SOCKET_IO and self._transport != "sse":
                await send_request(self.server.port, build_request("GET", "/health", {}))
            else:
                await asyncio.gather(*(client.round_trip() for client in self._open_clients()))

    async def _next(self, client: Client, within: float | None) -> Frame | None:
        """The next frame, or None when none came (or the connection ended)."""
        deadline = time.monotonic() + (within or DEADLINE)
        settled = False
        while not client.inbox:
            left = deadline - time.monotonic()
            if client.ending or left <= 0:
                return None
            changed = await client.wait_for_change(left if within or settled else QUIET)
            if not changed and not within and not settled:
                await self._settle()
                settled = True
                deadline = min(deadline, time.monotonic() + self._patience)
        return client.take()

    async def _expect(self, step: Step, client: Client, kind: str, wanted: Json) -> None:
        most = step.seconds("most") or step.seconds("within")
        frame = await self._next(client, most)
        if frame is None:
            ending = client.ending
            how = f"; it was closed with {ending.code} {ending.reason}" if ending else ""
            raise Mismatch(f"{client.name}: expected {show(wanted)}, got nothing{how}")
        if frame.kind != kind and not (kind == "text" and frame.kind == "json"):
            raise Mismatch(f"{client.name}: expected {show(wanted)}, got {show(frame.value)}")
        actual = json.dumps(frame.value) if kind == "text" != frame.kind else frame.value
        found = differences(wanted, actual, self._variables)
        if found:
            raise Mismatch(f"{client.name} received {show(frame.value, 400)}", *found)
        self._in_window(step, client, frame.at)

    def _in_window(self, step: Step, client: Client, at: float) -> None:
        seconds = at - client.last_sent
        least, most = step.seconds("least"), step.seconds("most")
        if least is not None and most is not None and not least <= seconds <= most:
            raise Mismatch(f"{client.name}: expected after {least} to {most} s, got {seconds:.2f}")

    async def _connect(
        self, name: str, path: str, headers: dict[str, str], server: Server | None = None
    ) -> Client:
        client: Client
        small_buffer = name in self.scenario.slow_readers()
        if self._transport == "sse":
            client = EventClient(name, self._record, small_buffer)
        elif self.server.stack in SOCKET_IO:
            client = SocketIOClient(name, self._record)
        else:
            client = WebSocketClient(name, self._record, small_buffer)
        if name in self._clients and self._clients[name].is_open:
            raise Mismatch(f"{name} is connected already")
        client.port = (server or self.server).port
        contract = self.server.contract
        if contract:
            client.judge = lambda value: self._broken.extend(contract.differences(path, value))
        await client.connect(client.port, path, headers)
        self._record(name, "connects to", path)
        self._clients[name] = client
        return client
