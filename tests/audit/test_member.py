"""The client's part over connections that break: against a server that does what the test says."""

from __future__ import annotations

import asyncio
import json
import time
import unittest
from typing import Any

from auditor import notes
from auditor.member import Member, Person
from auditor.notes import Position
from websockets.legacy.server import WebSocketServerProtocol, serve

DEADLINE = 10  # seconds, for all that is waited for


class Stage(unittest.IsolatedAsyncioTestCase):
    """A server whose answers are the test's, and one client."""

    async def asyncSetUp(self) -> None:
        self.connections: asyncio.Queue[WebSocketServerProtocol] = asyncio.Queue()
        self.server = await serve(self.on_connection, "127.0.0.1", 0, compression=None, ping_interval=None)
        self.addAsyncCleanup(self.stop)
        self.lives: list[asyncio.Task[None]] = []

    async def on_connection(self, websocket: WebSocketServerProtocol) -> None:
        await self.connections.put(websocket)
        await websocket.wait_closed()

    async def stop(self) -> None:
        for life in self.lives:
            life.cancel()
        await asyncio.gather(*self.lives, return_exceptions=True)
        self.server.close()
        await self.server.wait_closed()

    async def port(self) -> int:
        return int(self.server.sockets[0].getsockname()[1])

    def enter(self, person: Person) -> Member:
        member = Member(person, self, seed=1)
        self.lives.append(asyncio.create_task(member.live()))
        return member

    async def accept(self) -> WebSocketServerProtocol:
        """The client's next connection."""
        self.websocket = await asyncio.wait_for(self.connections.get(), DEADLINE)
        return self.websocket

    async def tell(self, **frame: Any) -> None:
        await self.websocket.send(json.dumps(frame))

    async def welcome(self, seq: int = 0, epoch: str = "E", inbox: int = 0) -> None:
        await self.tell(
            type="system", event="welcome", epoch=epoch, seq=seq, inbox={"epoch": "I", "seq": inbox},
            connected_users=["Ada", "Bob"],
        )  # fmt: skip

    async def hear(self) -> dict[str, Any]:
        """The client's next frame."""
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.websocket.recv(), DEADLINE))
        return frame

    async def ids(self, count: int) -> list[str]:
        return [(await self.hear())["id"] for _ in range(count)]

    async def until(self, member: Member, kind: type[notes.Note], count: int = 1) -> list[Any]:
        """Waits for notes of that kind."""

        async def noted() -> list[Any]:
            while len(found := member.diary.of(kind)) < count:
                await asyncio.sleep(0.005)
            return found

        return await asyncio.wait_for(noted(), DEADLINE)


class MemberTest(Stage):
    async def test_says_who_it_is_and_comes_back_with_its_positions(self) -> None:
        member = self.enter(Person("Ada", "Ada", "Ada B", ("c++", "海"), heartbeat=True))
        websocket = await self.accept()
        self.assertEqual(websocket.path, "/ws/chat/Ada%20B/heartbeat?room=c%2B%2B")
        self.assertEqual(await self.hear(), {"type": "join", "room": "海"})
        await self.welcome(seq=4, inbox=2)
        for room, seq in ("c++", 7), ("海", 9):
            await self.tell(type="joined", room=room, epoch="R", seq=seq)
        await self.tell(type="private", message="x", seq=3, id="x")
        await self.until(member, notes.Saw)
        member.tear()
        websocket = await self.accept()
        self.assertEqual(
            websocket.path,
            "/ws/chat/Ada%20B/heartbeat?room=c%2B%2B&since=E%3A4&inbox=I%3A3&room_since=R%3A7",
        )
        self.assertEqual(await self.hear(), {"type": "join", "room": "海", "since": "R:9"})

    async def test_sends_what_was_not_acknowledged_again_in_order(self) -> None:
        member = self.enter(Person("Ada", "Ada", None, window=3))
        await self.accept()
        await self.welcome()
        await self.until(member, notes.Joined)
        for _ in range(4):
            await member.say(notes.LOBBY, {}, 10)
        self.assertEqual(await self.ids(3), ["Ada-1", "Ada-2", "Ada-3"])
        await self.tell(type="ack", id="Ada-1", epoch="E", seq=1)
        self.assertEqual(await self.ids(1), ["Ada-4"])
        await self.websocket.close()
        await self.accept()
        self.assertEqual(await self.ids(3), ["Ada-2", "Ada-3", "Ada-4"])
        await self.tell(type="ack", id="Ada-2", epoch="E", seq=2, duplicate=True)
        acks = await self.until(member, notes.Acked, 2)
        self.assertEqual((acks[1].position, acks[1].duplicate), (Position("E", 2), True))
        self.assertEqual((len(member.latencies), len(member.delays)), (1, 1))

    async def test_sends_again_what_was_refused_for_now_and_gives_up_what_was_refused(self) -> None:
        member = self.enter(Person("Ada", "Ada", "Ada", window=2))
        await self.accept()
        await self.welcome()
        await self.until(member, notes.Joined, 2)
        for _ in range(3):
            await member.say(notes.inbox("Bob"), {"target_user": "Bob"}, 10)
        self.assertEqual(await self.ids(2), ["Ada-1", "Ada-2"])
        await self.tell(type="error", code="unavailable", id="Ada-1", retry=True, retry_after_ms=1)
        self.assertEqual(await self.ids(2), ["Ada-1", "Ada-2"])
        await self.tell(type="confirmation", id="Ada-1", target_user="Bob")
        await self.tell(type="error", code="user_offline", id="Ada-2", retry=False)
        self.assertEqual(await self.ids(1), ["Ada-3"])
        self.assertIsNone((await self.until(member, notes.Acked))[0].position)
        self.assertEqual([note.id for note in member.diary.of(notes.Refused)], ["Ada-1", "Ada-2"])

    async def test_asks_for_what_is_missing(self) -> None:
        member = self.enter(Person("Ada", "Ada", "Ada", ("cpp",)))
        await self.accept()
        await self.welcome()
        await self.tell(type="joined", room="cpp", epoch="R", seq=1)
        await self.tell(type="message", room="cpp", message="x", seq=3, id="x3")
        self.assertEqual(await self.hear(), {"type": "history", "since": "R:1", "room": "cpp"})
        missing = [{"message": "x", "seq": 2, "id": "x2", "room": "cpp"}]
        told = {"type": "history", "room": "cpp", "epoch": "R", "messages": missing, "recovered": True}
        await self.tell(**told, seq=2)
        saw = await self.until(member, notes.Saw, 2)
        self.assertEqual([note.id for note in saw], ["x2", "x3"])

    async def test_joins_and_asks_again_where_that_was_refused_for_now(self) -> None:
        member = self.enter(Person("Ada", "Ada", None, ("cpp", "海")))
        await self.accept()
        await self.hear()
        await self.welcome()
        await self.tell(type="joined", room="cpp", epoch="R", seq=1)
        await self.tell(type="error", code="unavailable", retry=True)  # the join of the other room
        self.assertEqual(await self.hear(), {"type": "join", "room": "海"})
        await self.tell(type="joined", room="海", epoch="R", seq=1)
        await self.websocket.close()
        await self.accept()
        await self.hear()
        await self.welcome()
        for room in "cpp", "海":
            await self.tell(type="joined", room=room, epoch="R", seq=2)
        for _ in range(3):
            await self.tell(type="error", code="unavailable", retry=True)  # a history
        asked = [await self.hear(), await self.hear()]
        self.assertEqual(asked, [{"type": "history", "since": "R:1", "room": each} for each in ("cpp", "海")])
        # Once each, however often it was refused.
        looking = asyncio.create_task(member.look_around())
        self.assertEqual(await self.hear(), {"type": "who"})
        looking.cancel()

    async def test_notes_who_is_there(self) -> None:
        member = self.enter(Person("Ada", "Ada", "Ada"))
        await self.accept()
        await self.welcome()
        await self.tell(type="system", event="join", connected_count=3)
        await self.tell(type="system", event="join", room="cpp", username="Bob", member_count=2)
        await self.tell(type="system", event="leave", username="Bob", connected_count=2)
        await self.tell(type="system", event="presence", joined=["Cem", "Dora"], left=["Eva"], joined_count=2)
        looking = asyncio.create_task(member.look_around())
        self.assertEqual(await self.hear(), {"type": "who"})
        await self.tell(type="users", users=["Ada", "Cem"], connected_count=4, more=True, next=7)
        self.assertEqual(await self.hear(), {"type": "who", "after": 7})
        await self.tell(type="users", users=["Dora"], connected_count=4)
        await asyncio.wait_for(looking, DEADLINE)
        assert member.present
        self.assertEqual((member.present.users, member.present.connections), (("Ada", "Cem", "Dora"), 4))
        [here] = member.diary.of(notes.Here)
        self.assertEqual((here.users, here.more), (("Ada", "Bob"), False))
        moved = [(note.came, note.left, note.more) for note in member.diary.of(notes.Moved)]
        self.assertEqual(moved, [((), ("Bob",), False), (("Cem", "Dora"), ("Eva",), False)])

    async def test_settles_when_the_server_says_that_it_has_everything(self) -> None:
        member = self.enter(Person("Ada", "Ada", "Ada"))
        await self.accept()
        await self.welcome(seq=1)
        await self.until(member, notes.Joined, 2)
        settling = asyncio.create_task(member.settle())
        self.assertEqual(await self.hear(), {"type": "history", "since": "E:1"})
        missing = [{"message": "x", "seq": 2, "id": "x2"}]
        await self.tell(type="history", epoch="E", messages=missing, seq=2, recovered=True)
        self.assertEqual(await self.hear(), {"type": "history", "since": "I:0", "inbox": True})
        await self.tell(type="history", inbox=True, epoch="I", messages=[], seq=0, recovered=True)
        await asyncio.wait_for(settling, DEADLINE)
        whole = {note.conversation: note.position for note in member.diary.of(notes.Whole)}
        self.assertEqual(whole, {notes.LOBBY: Position("E", 2), notes.inbox("Ada"): Position("I", 0)})

    async def test_looks_back_page_by_page_and_notes_what_is_missing(self) -> None:
        member = self.enter(Person("Ada", "Ada", None))
        await self.accept()
        await self.welcome(seq=5)
        await self.until(member, notes.Joined)
        looking = asyncio.create_task(member.look_back(notes.LOBBY))
        for before, seqs, more in (6, (4, 5), True), (4, (1, 2), False):
            self.assertEqual(await self.hear(), {"type": "history", "before": before, "limit": 200})
            page = [{"message": "x", "seq": seq, "id": f"x{seq}"} for seq in seqs]
            await self.tell(type="history", epoch="E", messages=page, seq=5, before=before, more=more)
        await asyncio.wait_for(looking, DEADLINE)
        [kept] = member.diary.of(notes.Kept)
        self.assertEqual((kept.first, kept.last), (Position("E", 1), Position("E", 5)))
        self.assertEqual([note.id for note in member.diary.of(notes.Again)], ["x5", "x4", "x2", "x1"])
        [hole] = member.diary.of(notes.Hole)
        self.assertEqual((hole.have, hole.came), (Position("E", 4), Position("E", 2)))

    async def test_looks_back_although_an_answer_comes_twice(self) -> None:
        member = self.enter(Person("Ada", "Ada", None))
        await self.accept()
        await self.welcome(seq=4)
        await self.until(member, notes.Joined)
        looking = asyncio.create_task(member.look_back(notes.LOBBY))
        pages = [
            {"before": before, "messages": [{"message": "x", "seq": seq, "id": f"x{seq}"} for seq in seqs]}
            for before, seqs in ((5, (3, 4)), (3, (1, 2)))
        ]
        await self.hear()
        await self.tell(type="history", epoch="E", seq=4, more=True, **pages[0])
        await self.hear()
        await self.tell(type="history", epoch="E", seq=4, more=True, **pages[0])
        await self.tell(type="history", epoch="E", seq=4, more=False, **pages[1])
        await asyncio.wait_for(looking, DEADLINE)
        self.assertEqual([note.id for note in member.diary.of(notes.Again)], ["x4", "x3", "x2", "x1"])
        self.assertEqual(member.diary.of(notes.Hole), [])

    async def test_reads_nothing_while_it_is_frozen(self) -> None:
        member = self.enter(Person("Ada", "Ada", None))
        await self.accept()
        await self.welcome()
        await self.until(member, notes.Joined)
        begin = time.monotonic()
        freezing = asyncio.create_task(member.freeze(0.3))
        await asyncio.sleep(0)  # it has begun
        await self.tell(type="message", message="x", seq=1, id="x")
        [saw] = await self.until(member, notes.Saw)
        self.assertGreaterEqual(saw.at, begin + 0.3)
        await freezing

    async def test_answers_pings_and_notes_frames_that_make_no_sense(self) -> None:
        member = self.enter(Person("Ada", "Ada", None))
        await self.accept()
        await self.welcome()
        await self.tell(type="ping")
        self.assertEqual(await self.hear(), {"type": "pong"})
        await self.tell(type="message", message="without a number")
        self.assertIn("without a number", (await self.until(member, notes.Strange))[0].what)
        await self.accept()


if __name__ == "__main__":
    unittest.main()
