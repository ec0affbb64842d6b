"""The chat: who is in it, what they say, and what they missed.

Private messages are in no database: without tokens, a name belongs to the client that is there.
"""

import asyncio
import sqlite3
import time
from datetime import datetime, timedelta

from .frames import ANONYMOUS, Frame, Refused, clean_name, invalid_format, key_of, now, parse
from .frames import time_of
from .members import Member, tell
from .message_log import Database, Log
from .rooms import Room, ack, count, notice, where
from .settings import (
    DEDUP_ENTRIES,
    HEARTBEAT_INTERVAL,
    HEARTBEAT_TIMEOUT,
    KEPT_ROOMS,
    MAX_ROOMS,
    MAX_TEXT_LENGTH,
    RESUME_WINDOW,
)


class Chat:
    def __init__(self) -> None:
        self.lobby = Room("", Log())
        self.rooms: dict[str, Room] = {}
        self.inboxes: dict[str, Log] = {}
        self.acks: dict[tuple[str, str], dict] = {}  # by user and id: what a repeat is answered
        self.database: Database | None = None
        self.in_order = asyncio.Lock()  # the threads that store messages keep no order

    # [open]
    def open(self, path: str) -> None:
        """Goes on where the database ends."""
        self.database = Database(path)
        self.lobby.log = Log(self.database.epoch(""))
        for name, epoch, user, message in self.database.read():
            room = self.lobby
            if name:
                room = self.rooms.setdefault(key_of(name), Room(name, Log(epoch)))
            room.log.append(message)
            self._remember(user, message, ack(room, message))

    def close(self) -> None:
        if self.database:
            self.database.close()
    # [/open]

    # [enter]
    def enter(self, member: Member, heartbeat: bool, query: dict[str, str]) -> None:
        """Nothing awaits here: nothing comes between what a member missed and what is new."""
        windows = self.lobby.users.get(member.key)
        if windows:
            member.username = windows[0].username  # as the first of them is written
        is_new = self.lobby.add(member)
        member.send(self._welcome(member, heartbeat, query.get("inbox", "")))
        if is_new:
            tell(self.lobby, notice(self.lobby, "join", member), but=member)
        with answering(member):
            if "since" in query:
                member.send({"type": "history"} | self.lobby.log.since(query["since"]))
        with answering(member):
            if "inbox" in query and member.key:
                inbox = self.inboxes[member.key]
                member.send({"type": "history", "inbox": True} | inbox.since(query["inbox"]))
        with answering(member):
            if "room" in query:
                self._join(member, query["room"], query.get("room_since"))

    def leave(self, member: Member) -> None:
        rooms = [self.lobby, *self.rooms.values()]
        for room in (room for room in rooms if member in room.members):
            self._leave(member, room)
        if member.key and member.key not in self.lobby.users:
            inbox = self.inboxes[member.key]
            seconds = RESUME_WINDOW if inbox.last else 0  # nothing to come back for
            asyncio.get_running_loop().call_later(seconds, self._forget, member.key, inbox)
    # [/enter]

    # [hear]
    async def hear(self, member: Member, text: str) -> None:
        """Answers one frame of a member."""
        member.heard_at = time.monotonic()
        wait = member.frames.wait()
        with answering(member) as answers:
            frame = answers.about = parse(text)
            if wait:
                if member.patience.wait():
                    member.end(1008, "Rate limit exceeded")
                raise Refused("rate_limited", "Too many messages", retry=True, retry_after_ms=wait)
            match frame.type:
                case "message":
                    await self._speak(member, frame)
                case "heartbeat":
                    member.send({"type": "heartbeat_ack", "timestamp": now()})
                case "join":
                    self._join(member, frame.room, frame.since)
                case "leave":
                    room = self._room_of(member, frame)
                    self._leave(member, room)
                    member.send({"type": "left", "room": room.name})
                case "who":
                    room = self._room_of(member, frame)
                    member.send({"type": "users", "users": room.names()} | count(room))
                case "typing":
                    room = self._room_of(member, frame)
                    tell(room, {"type": "typing", "username": member.username} | where(room), member)
                case "history":
                    member.send(self._history(member, frame))
                case "refresh":
                    raise Refused("invalid_token", "This server has no tokens")
    # [/hear]

    # [speak]
    async def _speak(self, member: Member, frame: Frame) -> None:
        assert frame.message is not None
        sender = self._name_of(member, frame)
        if MAX_TEXT_LENGTH and len(frame.message) > MAX_TEXT_LENGTH:
            raise Refused("text_too_long", "The text is too long", limit=MAX_TEXT_LENGTH)
        message = {"message": frame.message, "timestamp": time_of(frame)}
        message |= {"id": frame.id} if frame.id else {}
        async with self.in_order:
            repeat = self.acks.get((member.key, frame.id or ""))
            if repeat:
                member.send(repeat | {"duplicate": True})
            elif frame.target_user:
                self._speak_privately(member, sender, frame.target_user, message)
            else:
                await self._speak_aloud(member, sender, self._room_of(member, frame), message)

    async def _speak_aloud(self, member: Member, sender: str, room: Room, message: dict) -> None:
        message = {"type": "message", "username": sender} | message | where(room)
        message["seq"] = room.log.last + 1
        if self.database:
            try:
                store = self.database.store
                await asyncio.to_thread(store, room.name, room.log.epoch, member.key, message)
            except sqlite3.OperationalError:  # the disk is full, for example
                raise Refused("unavailable", "Messages can't be stored", retry=True) from None
        room.log.append(message)
        tell(room, message)
        if "id" in message:
            self._remember(member.key, message, ack(room, message))
            member.send(self.acks[member.key, message["id"]])

    def _speak_privately(self, member: Member, sender: str, target: str, message: dict) -> None:
        key = key_of(target)
        if key not in self.lobby.users:
            raise Refused("user_offline", f"{target} is not online", username=target)
        private = {"type": "private", "from": sender} | message
        private["seq"] = self.inboxes[key].last + 1
        self.inboxes[key].append(private)
        for window in self.lobby.users[key]:
            window.send(private)
        done = {"type": "confirmation", "message": f"私訊已發送給 {target}", "target_user": target}
        done |= {"timestamp": now()} | ({"id": message["id"]} if "id" in message else {})
        self._remember(member.key, message, done)
        member.send(done)

    def _remember(self, user: str, message: dict, answer: dict) -> None:
        if "id" in message:
            self.acks[user, message["id"]] = answer
            if len(self.acks) > DEDUP_ENTRIES:
                del self.acks[next(iter(self.acks))]  # the oldest
    # [/speak]

    # [name_of]
    def _name_of(self, member: Member, frame: Frame) -> str:
        """Under which name somebody speaks: nobody speaks under that of another."""
        if member.username or frame.username is None:
            return member.username or ANONYMOUS
        name = clean_name(frame.username)
        if not name:
            raise invalid_format()
        if key_of(name) in self.lobby.users:
            raise Refused("name_taken", f"{name} is somebody else", username=name)
        return name
    # [/name_of]

    def _room_of(self, member: Member, frame: Frame) -> Room:
        """The room that a frame is about, of which its sender has to be a member."""
        if not frame.room:
            return self.lobby
        room = self.rooms.get(key_of(frame.room))
        if not room or member not in room.members:
            raise Refused("not_in_room", "You are not in that room", room=frame.room[:32])
        return room

    def _join(self, member: Member, wanted: str | None, since: str | None) -> None:
        name = clean_name(wanted or "")
        if not name:
            raise Refused("invalid_room", "That is no name of a room")
        joined = sum(member in room.members for room in self.rooms.values())
        room = self.rooms.get(key_of(name))
        is_in = room is not None and member in room.members
        if joined >= MAX_ROOMS and not is_in:
            raise Refused("too_many_rooms", "You are in too many rooms", room=name)
        if room is None:
            epoch = self.database.epoch(name) if self.database else ""
            room = self.rooms[key_of(name)] = Room(name, Log(epoch))
        if not is_in and room.add(member):
            tell(room, notice(room, "join", member), but=member)
        member.send({"type": "joined", "members": room.names()} | count(room) | room.log.position)
        if since:
            member.send({"type": "history", "room": room.name} | room.log.since(since))

    def _leave(self, member: Member, room: Room) -> None:
        if room.remove(member):
            tell(room, notice(room, "leave", member))
        if room.name and not room.members and len(self.rooms) > KEPT_ROOMS:
            del self.rooms[key_of(room.name)]

    def _welcome(self, member: Member, heartbeat: bool, inbox: str) -> dict:
        frame = {"type": "system", "event": "welcome", "message": "歡迎加入聊天室！"}
        frame |= {"connected_count": len(self.lobby.members)} | self.lobby.log.position
        if member.username:
            note = "（已啟用心跳檢測）" if heartbeat else ""
            frame["message"] = f"歡迎 {member.username} 加入聊天室{note}！"
            frame |= {"username": member.username, "connected_users": self.lobby.names()}
            log = self.inboxes.get(member.key)
            comes_back = log and inbox.startswith(f"{log.epoch}:")
            # A client that takes a free name without its position sees nothing of the one before.
            if not log or len(self.lobby.users[member.key]) == 1 and not comes_back:
                log = self.inboxes[member.key] = Log()
            frame["inbox"] = log.position
        return frame | ({"heartbeat_interval": HEARTBEAT_INTERVAL} if heartbeat else {})

    def _history(self, member: Member, frame: Frame) -> dict:
        log, place = self.inboxes.get(member.key), {"inbox": True}
        if not frame.inbox:
            room = self._room_of(member, frame)
            log, place = room.log, where(room)
        if not log:
            raise invalid_format()
        return {"type": "history"} | place | log.asked(frame)

    def _forget(self, key: str, inbox: Log) -> None:
        if self.inboxes.get(key) is inbox and key not in self.lobby.users:
            del self.inboxes[key]

    def status(self) -> dict:
        clock = datetime.now()
        return {
            "connected_count": len(self.lobby.members),
            "connected_users": self.lobby.names(),
            "heartbeat_timeout": HEARTBEAT_TIMEOUT,
            "connections": [
                {
                    "username": member.username or "Unknown",
                    "last_activity": (clock - timedelta(seconds=idle)).isoformat(),
                    "idle_seconds": idle,
                }
                for member, idle in ((each, each.idle_time()) for each in self.lobby.members)
            ],
            "rooms": [
                {"room": room.name, "member_count": len(room.members)}
                for room in self.rooms.values()
                if room.members
            ],
            "status": "active",
        }


# [answering]
class answering:
    """Tells a member what can't be done, whichever frame it was about."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.about: Frame | None = None

    def __enter__(self) -> "answering":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        if not isinstance(error, Refused):
            return False
        about = {"id": self.about.id, "retry": False} if self.about and self.about.id else {}
        self.member.send(about | error.frame)
        return True
# [/answering]
