"""One client: what it is, and the client's part over connections that break."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from . import notes
from .event_wire import EventWire
from .notes import Position
from .outbox import Message, Outbox
from .reading import Reading
from .wire import ENDS, Wire

PAUSE = 0.1  # seconds before a message that was refused for now is sent again
PAGE = 200  # messages
FOR_NOW = ("unavailable", "rate_limited")  # codes of errors after which the same may be asked again
NAMED = 20  # of those who came, and of those who left, one notice names so many
PATIENCE = 5.0  # seconds for an answer, when all is quiet; then it's asked again


class Address(Protocol):
    """Where the server is; it moves when the server restarts."""

    async def port(self) -> int:
        """Waits until there is a server."""


@dataclass(frozen=True)
class Person:
    """Who a client is."""

    client: str  # one for each
    short: str  # the same in visible ASCII: its messages' ids begin with it
    user: str | None  # None: without a name
    rooms: tuple[str, ...] = ()
    window: int = 1  # messages on their way at once
    heartbeat: bool = False
    events: bool = False  # by Server-Sent Events and POST


class Member:
    """A client that is a member of its conversations all the time, however often it has to reconnect."""

    def __init__(
        self, person: Person, address: Address, seed: int, clock: Callable[[], float] | None = None
    ) -> None:
        self.person = person
        self._clock = clock or time.monotonic
        self._address = address
        self._random = random.Random(seed)
        self._readings = {notes.LOBBY: self._reading(notes.LOBBY)}
        if person.user:
            name = notes.inbox(person.user)
            self._readings[name] = self._reading(name)
        for each in person.rooms:
            self._readings[notes.room(each)] = self._reading(notes.room(each))
        self.diary = notes.Diary(person.client, person.user, tuple(self._readings))
        self.outbox = Outbox(person.window)
        self._joined: set[str] = set()  # rooms, on this connection
        self._number = 0
        self._wire: Wire | EventWire | None = None
        self._paused_until = 0.0
        self._asks_again: Wire | EventWire | None = None  # on this connection, in a moment
        self._away_until = 0.0
        self._frozen_until = 0.0
        self._pumping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._whole: dict[str, asyncio.Future[None]] = {}
        self._page: dict[tuple[str, int], asyncio.Future[dict[str, Any]]] = {}  # by log and `before`
        self._around: asyncio.Future[dict[str, Any]] | None = None
        self.present: notes.Present | None = None  # who was last, when it looked around
        self.latencies: list[float] = []  # of messages that needed one try
        self.delays: list[float] = []  # of the others

    def _reading(self, name: str) -> Reading:
        return Reading(name, lambda note: self._note(note), self._clock)

    def _note(self, note: notes.Note) -> None:
        self.diary.notes.append(note)

    # --- what the run and the harm ask of it ---------------------------------------------------------

    async def live(self) -> None:
        """Connects, again and again, until it's cancelled."""
        pause = 0.05
        while True:
            await self._sleep_until(lambda: self._away_until)
            port = await self._address.port()
            begin = self._clock()
            try:
                kind = EventWire if self.person.events else Wire
                self._wire = await kind.open(port, self._path())
            except ENDS:
                pass
            else:
                await self._stay(self._wire)
            # Soon, but not all at once, and not over and over where it can't last.
            pause = 0.05 if self._clock() - begin > 0.5 else min(2 * pause, 1.0)
            await asyncio.sleep(self._random.uniform(0, pause))

    async def say(self, conversation: str, frame: dict[str, Any], size: int) -> None:
        """Puts a message into the outbox, and sends it if it may go out now."""
        self._number += 1
        id = f"{self.person.short}-{self._number}"
        text = (id + " " + "很長 long " * (size // 8 + 1))[: max(size, len(id))]
        frame = {"type": "message", "id": id, "message": text} | frame
        self.outbox.add(Message(self._number, id, conversation, json.dumps(frame), text))
        await self._pump()

    def tear(self) -> None:
        """Its connection breaks."""
        if self._wire:
            self._wire.tear()

    async def turn_deaf(self, seconds: float) -> None:
        """It reads nothing, and then its connection breaks: acks that were on their way are lost."""
        if wire := self._wire:
            wire.freeze(True)
            await asyncio.sleep(seconds)
            wire.tear()

    def stay_away(self, seconds: float) -> None:
        """Its connection breaks, and it comes back later."""
        self._away_until = self._clock() + seconds
        self.tear()

    async def freeze(self, seconds: float) -> None:
        """It reads nothing for a while."""
        self._frozen_until = self._clock() + seconds
        if self._wire:
            self._wire.freeze(True)
        await self._sleep_until(lambda: self._frozen_until)
        if self._wire:
            self._wire.freeze(False)

    @property
    def connected(self) -> bool:
        """Whether it's in all its conversations now."""
        return self._wire is not None and all(each.have for each in self._readings.values())

    async def settle(self) -> None:
        """Asks where each log ends, until it has all of it: at the end, when nobody speaks any more."""
        for name, reading in self._readings.items():
            while True:
                self._whole[name] = asyncio.get_running_loop().create_future()
                try:
                    await self._ask(reading)
                    await asyncio.wait_for(self._whole[name], PATIENCE)
                    break
                except asyncio.TimeoutError:
                    pass  # the connection broke, or the answer takes long
            assert reading.have
            self._note(notes.Whole(self._clock(), name, reading.have))

    async def look_back(self, name: str) -> None:
        """Reads a whole log, from its end: it has to be the one that everybody saw."""
        reading, last = self._readings[name], self._readings[name].have
        assert last
        first = last.seq + 1
        while True:
            self._page[name, first] = asyncio.get_running_loop().create_future()
            await self._ask(reading, before=first, limit=PAGE)
            try:
                page = await asyncio.wait_for(self._page[name, first], PATIENCE)
            except asyncio.TimeoutError:
                continue
            for frame in reversed(page["messages"]):
                position = Position(page["epoch"], frame["seq"])
                if frame["seq"] != first - 1:
                    have = Position(last.epoch, first)
                    self._note(notes.Hole(self._clock(), name, have, position, "looking back"))
                first = frame["seq"]
                self._note(notes.Reread(self._clock(), name, position, frame.get("id", "")))
            if not page.get("more"):
                break
        self._note(notes.Kept(self._clock(), name, Position(last.epoch, first), last))

    async def look_around(self) -> None:
        """Asks who is in the lobby."""
        users: list[str] = []
        after: dict[str, int] | None = {}
        while after is not None:
            self._around = asyncio.get_running_loop().create_future()
            await self._send({"type": "who"} | after)
            try:
                frame = await asyncio.wait_for(self._around, PATIENCE)
            except asyncio.TimeoutError:
                users, after = [], {}  # the connection broke, or the answer takes long
                continue
            users += frame["users"]
            after = {"after": frame["next"]} if frame.get("more") else None
        self.present = notes.Present(self._clock(), tuple(users), frame["connected_count"])

    async def leave(self) -> None:
        """Says goodbye."""
        if self._wire:
            await self._wire.close()

    # --- a connection --------------------------------------------------------------------------------

    def _path(self) -> str:
        person, query = self.person, []
        path = "/ws/chat" + (f"/{quote(person.user)}" if person.user else "")
        path += "/heartbeat" if person.heartbeat else ""
        names = {"since": notes.LOBBY, "inbox": notes.inbox(person.user or "")}
        if person.rooms:
            query.append("room=" + quote(person.rooms[0]))
            names["room_since"] = notes.room(person.rooms[0])
        for parameter, name in names.items():
            if name in self._readings and (have := self._readings[name].have):
                query.append(f"{parameter}={quote(str(have))}")
        return path + ("?" + "&".join(query) if query else "")

    async def _join(self, room: str) -> None:
        have = self._readings[notes.room(room)].have
        await self._send({"type": "join", "room": room} | ({"since": str(have)} if have else {}))

    async def _stay(self, wire: Wire | EventWire) -> None:
        self._note(notes.Connected(self._clock()))
        self._joined.clear()
        try:
            for each in self.person.rooms[1:]:
                await self._join(each)
            await self._pump()
            while True:
                frame = await wire.receive()
                try:
                    await self._handle(frame)
                except (KeyError, TypeError, AssertionError, AttributeError) as error:
                    said = json.dumps(frame, ensure_ascii=False)[:300]
                    self._note(notes.Strange(self._clock(), f"{error!r} in {said}"))
                    wire.tear()
        except ENDS:
            pass
        finally:
            self._wire = None
            self.outbox.broke()
            self._note(notes.Broke(self._clock(), wire.end))
            wire.tear()

    async def _handle(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "system" and frame["event"] == "welcome":
            if self.person.user:
                users = tuple(frame["connected_users"])
                self._note(notes.Here(self._clock(), users, frame.get("more", False)))
            self._readings[notes.LOBBY].begin(frame["epoch"], frame["seq"])
            if self.person.user:
                inbox = frame["inbox"]
                self._readings[notes.inbox(self.person.user)].begin(inbox["epoch"], inbox["seq"])
        elif kind == "system" and "room" not in frame:
            self._moved(frame)
        elif kind == "users":
            if self._around and not self._around.done():
                self._around.set_result(frame)
        elif kind == "joined":
            self._joined.add(frame["room"])
            self._readings[notes.room(frame["room"])].begin(frame["epoch"], frame["seq"])
        elif kind in ("message", "private"):
            reading = self._reading_of(frame)
            if reading.live(frame):
                await self._ask(reading)
        elif kind == "history":
            await self._fill(frame)
        elif kind in ("ack", "confirmation"):
            await self._acked(frame)
        elif kind == "error":
            await self._refused(frame)
        elif kind == "ping":
            await self._send({"type": "pong"})

    def _moved(self, frame: dict[str, Any]) -> None:
        """Others came or left. Those without a name can't be told from each other."""
        came: tuple[str, ...] = ()
        left: tuple[str, ...] = ()
        more = False
        if frame["event"] == "presence":
            came, left = tuple(frame["joined"]), tuple(frame["left"])
            more = NAMED <= max(len(came), len(left))
        elif user := frame.get("username"):
            came, left = ((user,), ()) if frame["event"] == "join" else ((), (user,))
        if came or left:
            self._note(notes.Moved(self._clock(), came, left, more))

    def _reading_of(self, frame: dict[str, Any]) -> Reading:
        if frame["type"] == "private" or frame.get("inbox"):
            return self._readings[notes.inbox(self.person.user or "")]
        return self._readings[notes.room(frame["room"]) if "room" in frame else notes.LOBBY]

    async def _fill(self, frame: dict[str, Any]) -> None:
        reading = self._reading_of(frame)
        if "recovered" not in frame:
            # An answer that took too long, and that was asked for again, is none to the next question.
            if (page := self._page.get((reading.name, frame["before"]))) and not page.done():
                page.set_result(frame)
        elif reading.history(frame):
            await self._ask(reading)
        elif (whole := self._whole.get(reading.name)) and not whole.done():
            whole.set_result(None)

    async def _ask(self, reading: Reading, **page: int) -> None:
        """For what comes behind the client's position, or for a page."""
        frame: dict[str, Any] = {"type": "history"} | (page or {"since": str(reading.have)})
        if reading.name.startswith("inbox"):
            frame["inbox"] = True
        elif reading.name != notes.LOBBY:
            frame["room"] = reading.name.removeprefix("room ")
        await self._send(frame)

    async def _send(self, frame: dict[str, Any]) -> None:
        if self._wire:
            try:
                await self._wire.send(json.dumps(frame))
            except ENDS:
                pass  # the one who reads finds out

    # --- sending -------------------------------------------------------------------------------------

    async def _pump(self) -> None:
        """Sends what may go out now."""
        if self._pumping:
            return  # that one goes on with what has come
        self._pumping = True
        try:
            while (wire := self._wire) and self._clock() >= self._paused_until:
                message = self.outbox.next()
                if message is None:
                    break
                message.times_sent += 1
                message.first_sent = message.first_sent or self._clock()
                self._note(
                    notes.Sent(self._clock(), message.conversation, message.id, message.text)
                )
                await wire.send(message.frame)
        except ENDS:
            pass  # the one who reads finds out, and all goes out again
        finally:
            self._pumping = False

    async def _acked(self, frame: dict[str, Any]) -> None:
        now = self._clock()
        position = Position(frame["epoch"], frame["seq"]) if "seq" in frame else None
        self._note(notes.Acked(now, frame["id"], position, frame.get("duplicate", False)))
        if (message := self.outbox.done(frame["id"])) and message.first_sent is not None:
            (self.latencies if message.times_sent == 1 else self.delays).append(now - message.first_sent)
        await self._pump()

    async def _refused(self, frame: dict[str, Any]) -> None:
        pause = frame.get("retry_after_ms", PAUSE * 1000) / 1000
        if "id" not in frame:
            assert frame["code"] in FOR_NOW, "the client did nothing wrong"
            for each in self._readings.values():
                each.refused()
            # Once for all that is refused meanwhile: if each refusal led to a question for each
            # conversation, there'd be four times as many each time, for as long as Redis is away.
            if self._asks_again is not self._wire:
                self._asks_again = self._wire
                asyncio.get_running_loop().call_later(pause, self._ask_again, self._wire)
            return
        self._note(notes.Refused(self._clock(), frame["id"], frame["code"], frame["retry"]))
        if frame["retry"]:
            self.outbox.retry(frame["id"])
            self._paused_until = self._clock() + pause
            asyncio.get_running_loop().call_later(pause + 0.001, self._start, self._pump)
        else:
            self.outbox.done(frame["id"])
            await self._pump()

    def _ask_again(self, wire: Wire | EventWire | None) -> None:
        """It may have been a history or a join that was refused: the error doesn't say which."""
        if self._asks_again is wire:
            self._asks_again = None
        if wire is not self._wire:
            return
        for each in self.person.rooms:
            if each not in self._joined:
                self._start(lambda each=each: self._join(each))
        for reading in self._readings.values():
            if reading.asked and reading.name.removeprefix("room ") not in set(self.person.rooms) - self._joined:
                self._start(lambda reading=reading: self._ask(reading))

    def _start(self, action: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.get_running_loop().create_task(action())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sleep_until(self, when: Callable[[], float]) -> None:
        while (left := when() - self._clock()) > 0:
            await asyncio.sleep(left)
