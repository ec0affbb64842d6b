"""Chapter 08 in Flask-SocketIO, corrected: what chapters 04 to 15 and the museum of faults teach.

PORT=5000 python3 flask_corrected.py

Socket.IO brings what FastAPI's version writes itself: rooms, acknowledgements (what a handler
returns), pings, and the check of `Origin`. A reader who stops reading misses the pings, too, and is
disconnected; until then, what waits for it has no bound.
"""

import os
import sqlite3
from collections.abc import Callable

from corrected import settings
from corrected.frames import ANONYMOUS, Frame, Refused, check, clean_name, invalid_format, key_of
from corrected.frames import now, time_of
from corrected.message_log import Database, Log
from corrected.rooms import Room, ack, count, notice, where
from corrected.token_bucket import TokenBucket
from eventlet import tpool
from eventlet.semaphore import Semaphore
from flask import Flask, request
from flask_socketio import ConnectionRefusedError, SocketIO, disconnect, emit, join_room, leave_room

app = Flask(__name__)
socketio = SocketIO(
    app,
    async_mode="eventlet",
    cors_allowed_origins=settings.ALLOWED_ORIGINS or None,  # None: the server's own
    max_http_buffer_size=int(settings.MAX_MESSAGE_BYTES),
    ping_interval=settings.HEARTBEAT_INTERVAL,
    ping_timeout=settings.HEARTBEAT_TIMEOUT - settings.HEARTBEAT_INTERVAL,
)


class Member:
    """One connection: what Socket.IO calls a session."""

    def __init__(self, sid: str, username: str | None) -> None:
        self.sid = sid
        self.username = username
        self.key = key_of(username) if username else ""  # those without a name are one user
        self.events = TokenBucket(settings.MESSAGE_RATE, settings.MESSAGE_BURST)
        self.patience = TokenBucket(1, 20)


members: dict[str, Member] = {}  # by session id
lobby = Room("", Log())
rooms: dict[str, Room] = {}
inboxes: dict[str, Log] = {}
acks: dict[tuple[str, str], dict] = {}  # by user and id: what a repeat is answered
database: Database | None = None
in_order = Semaphore()  # while a thread of tpool stores a message, others have their turn


def tell(place: str, frame: dict, skip: str | None = None) -> None:
    """To a session, or to all in a room of Socket.IO's: an event is a frame's type and the rest."""
    data = {key: value for key, value in frame.items() if key != "type"}
    socketio.emit(frame["type"], data, to=place, skip_sid=skip)


def room_id(room: Room) -> str:
    return f"room:{key_of(room.name)}"  # session ids are rooms, too: a bare name might be one


def inbox_id(key: str) -> str:
    return f"user:{key}"


def on(event: str) -> Callable:
    """Like `socketio.on`, with the sender and a checked frame; the sender is told what is wrong."""

    def decorate(handler: Callable[[Member, Frame], dict | None]) -> Callable:
        def handle(data: object = None) -> dict | None:
            member, frame = members[request.sid], None
            wait = member.events.wait()
            try:
                if not isinstance(data, dict):
                    raise invalid_format()
                frame = check({"type": event} | data)
                if wait:
                    if member.patience.wait():
                        disconnect()
                    more = {"retry": True, "retry_after_ms": wait}
                    raise Refused("rate_limited", "Too many messages", **more)
                return handler(member, frame)
            except Refused as refused:
                about = {"id": frame.id, "retry": False} if frame and frame.id else {}
                tell(member.sid, about | refused.frame)

        socketio.on(event)(handle)
        return handler

    return decorate


@socketio.server.on("*")  # Flask-SocketIO's own `on("*")` takes the event for the session's id
def unknown_event(event: str, sid: str, *data: object) -> None:
    tell(sid, Refused("unknown_type", f"Clients don't send {event[:32]!r}").frame)


@socketio.on("connect")
def connect(auth: dict | None = None) -> None:
    wanted = auth.get("username") if isinstance(auth, dict) else None
    name = clean_name(wanted) if isinstance(wanted, str) else None
    if wanted is not None and not name:
        raise ConnectionRefusedError("Invalid username")
    if settings.MAX_CONNECTIONS and len(members) >= settings.MAX_CONNECTIONS:
        raise ConnectionRefusedError("Server is full")
    member = members[request.sid] = Member(request.sid, name)
    windows = lobby.users.get(member.key)
    if windows:
        member.username = windows[0].username  # as the first of them is written
    is_new = lobby.add(member)
    tell(member.sid, welcome(member))
    if is_new:
        tell(room_id(lobby), notice(lobby, "join", member))
    join_room(room_id(lobby))
    if member.key:
        join_room(inbox_id(member.key))
    come_back(member)


def come_back(member: Member) -> None:
    """What the member missed, by the positions that it brings."""
    places = [("since", lobby.log, {})]
    if member.key:
        places.append(("inbox", inboxes[member.key], {"inbox": True}))
    try:
        for name, log, place in places:
            if position := request.args.get(name):
                tell(member.sid, {"type": "history"} | place | log.since(position))
        if room := request.args.get("room"):
            join(member, Frame(room=room, since=request.args.get("room_since")))
    except Refused as refused:
        tell(member.sid, refused.frame)


def welcome(member: Member) -> dict:
    frame = {"type": "system", "event": "welcome", "message": "歡迎加入聊天室！"}
    frame |= count(lobby) | lobby.log.position
    if member.username:
        frame["message"] = f"歡迎 {member.username} 加入聊天室！"
        frame |= {"username": member.username, "connected_users": lobby.names()}
        log = inboxes.get(member.key)
        comes_back = log and request.args.get("inbox", "").startswith(f"{log.epoch}:")
        # A client that takes a free name without its position sees nothing of the one before.
        if not log or len(lobby.users[member.key]) == 1 and not comes_back:
            log = inboxes[member.key] = Log()
        frame["inbox"] = log.position
    return frame


@socketio.on("disconnect")
def on_disconnect() -> None:
    member = members.pop(request.sid, None)
    if not member:
        return  # it was refused
    for room in [lobby, *rooms.values()]:
        if member in room.members:
            part(member, room)
    if member.key and member.key not in lobby.users:
        inbox = inboxes[member.key]
        seconds = settings.RESUME_WINDOW if inbox.last else 0  # nothing to come back for
        socketio.start_background_task(forget, member.key, inbox, seconds)


def forget(key: str, inbox: Log, seconds: float) -> None:
    socketio.sleep(seconds)
    if inboxes.get(key) is inbox and key not in lobby.users:
        del inboxes[key]


@on("message")
def message(member: Member, frame: Frame) -> dict | None:
    """What it returns is Socket.IO's acknowledgement: an `ack`, for a message with an id."""
    sender = name_of(member, frame)
    if settings.MAX_TEXT_LENGTH and len(frame.message) > settings.MAX_TEXT_LENGTH:
        raise Refused("text_too_long", "The text is too long", limit=settings.MAX_TEXT_LENGTH)
    said = {"message": frame.message, "timestamp": time_of(frame)}
    said |= {"id": frame.id} if frame.id else {}
    with in_order:
        answer = acks.get((member.key, frame.id or ""))
        if answer:
            answer = answer | {"duplicate": True}
        elif frame.target_user:
            answer = speak_privately(member, sender, frame.target_user, said)
        else:
            answer = speak_aloud(member, sender, room_of(member, frame), said)
    if answer and answer["type"] == "confirmation":
        return tell(member.sid, answer)
    return answer


def speak_aloud(member: Member, sender: str, room: Room, said: dict) -> dict | None:
    said = {"type": "message", "username": sender} | said | where(room)
    said["seq"] = room.log.last + 1
    if database:
        try:
            tpool.execute(database.store, room.name, room.log.epoch, member.key, said)
        except sqlite3.OperationalError:  # the disk is full, for example
            raise Refused("unavailable", "Messages can't be stored", retry=True) from None
    room.log.append(said)
    tell(room_id(room), said)
    return remember(member.key, said, ack(room, said))


def speak_privately(member: Member, sender: str, target: str, said: dict) -> dict:
    key = key_of(target)
    if key not in lobby.users:
        raise Refused("user_offline", f"{target} is not online", username=target)
    private = {"type": "private", "from": sender} | said
    private["seq"] = inboxes[key].last + 1
    inboxes[key].append(private)
    tell(inbox_id(key), private)
    done = {"type": "confirmation", "message": f"私訊已發送給 {target}", "target_user": target}
    done |= {"timestamp": now()} | ({"id": said["id"]} if "id" in said else {})
    remember(member.key, said, done)
    return done


def remember(user: str, said: dict, answer: dict) -> dict | None:
    if "id" not in said:
        return None
    acks[user, said["id"]] = answer
    if len(acks) > settings.DEDUP_ENTRIES:
        del acks[next(iter(acks))]  # the oldest
    return answer


def name_of(member: Member, frame: Frame) -> str:
    """Under which name somebody speaks: nobody speaks under that of another."""
    if member.username or frame.username is None:
        return member.username or ANONYMOUS
    name = clean_name(frame.username)
    if not name:
        raise invalid_format()
    if key_of(name) in lobby.users:
        raise Refused("name_taken", f"{name} is somebody else", username=name)
    return name


def room_of(member: Member, frame: Frame) -> Room:
    """The room that a frame is about, of which its sender has to be a member."""
    if not frame.room:
        return lobby
    room = rooms.get(key_of(frame.room))
    if not room or member not in room.members:
        raise Refused("not_in_room", "You are not in that room", room=frame.room[:32])
    return room


@on("join")
def join(member: Member, frame: Frame) -> None:
    name = clean_name(frame.room or "")
    if not name:
        raise Refused("invalid_room", "That is no name of a room")
    joined = sum(member in room.members for room in rooms.values())
    room = rooms.get(key_of(name))
    is_in = room is not None and member in room.members
    if joined >= settings.MAX_ROOMS and not is_in:
        raise Refused("too_many_rooms", "You are in too many rooms", room=name)
    if room is None:
        room = rooms[key_of(name)] = Room(name, Log(database.epoch(name) if database else ""))
    join_room(room_id(room))
    if not is_in and room.add(member):
        tell(room_id(room), notice(room, "join", member), skip=member.sid)
    answer = {"type": "joined", "members": room.names()} | count(room)
    tell(member.sid, answer | room.log.position)
    if frame.since:
        tell(member.sid, {"type": "history", "room": room.name} | room.log.since(frame.since))


@on("leave")
def leave(member: Member, frame: Frame) -> None:
    room = room_of(member, frame)
    leave_room(room_id(room))
    part(member, room)
    tell(member.sid, {"type": "left", "room": room.name})


def part(member: Member, room: Room) -> None:
    if room.remove(member):
        tell(room_id(room), notice(room, "leave", member), skip=member.sid)
    if room.name and not room.members and len(rooms) > settings.KEPT_ROOMS:
        del rooms[key_of(room.name)]


@on("who")
def who(member: Member, frame: Frame) -> None:
    room = room_of(member, frame)
    tell(member.sid, {"type": "users", "users": room.names()} | count(room))


@on("typing")
def typing(member: Member, frame: Frame) -> None:
    room = room_of(member, frame)
    event = {"type": "typing", "username": member.username} | where(room)
    tell(room_id(room), event, skip=member.sid)


@on("history")
def history(member: Member, frame: Frame) -> None:
    log, place = inboxes.get(member.key), {"inbox": True}
    if not frame.inbox:
        room = room_of(member, frame)
        log, place = room.log, where(room)
    if not log:
        raise invalid_format()
    tell(member.sid, {"type": "history"} | place | log.asked(frame))


@socketio.on("message", namespace="/echo")
def echo(data: str | bytes) -> None:
    emit("message", f"Echo: {data}" if isinstance(data, str) else data)


@app.get("/ws/status")
def status() -> dict:
    return count(lobby) | {"connected_users": lobby.names(), "status": "active"}


@app.get("/health")
def health() -> dict:
    features = {"echo": True, "broadcast": True, "private_messages": True, "rooms": True}
    return {"status": "healthy", "websocket_support": True, "features": features}


def open_database(path: str) -> Database:
    """Goes on where the database ends."""
    opened = Database(path)
    lobby.log = Log(opened.epoch(""))
    for name, epoch, user, said in opened.read():
        room = rooms.setdefault(key_of(name), Room(name, Log(epoch))) if name else lobby
        room.log.append(said)
        remember(user, said, ack(room, said))
    return opened


if __name__ == "__main__":
    if settings.DATABASE:
        database = open_database(settings.DATABASE)
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "5000"))
    most = int(settings.MAX_CONNECTIONS or 100_000)
    # A connection keeps its green thread. By itself, eventlet has 1,024 of them, and the rest waits.
    socketio.run(app, host=host, port=port, log_output=True, max_size=most + 10)
