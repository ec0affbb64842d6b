"""A conversation and who is in it, and the frames about both: for either framework."""

from typing import Protocol

from .frames import now
from .message_log import Log


class Speaker(Protocol):
    """One connection of a user; two windows are two of them."""

    username: str | None
    key: str  # of the name; those without one are one user, ""


# [room]
class Room:
    """Members who hear the same messages. The lobby, where everybody is, has no name."""

    def __init__(self, name: str, log: Log) -> None:
        self.name = name
        self.log = log
        self.members: dict[Speaker, None] = {}  # in the order in which they came, as are the users
        self.users: dict[str, list[Speaker]] = {}

    def add(self, member: Speaker) -> bool:
        """Whether somebody came who wasn't there: a second window is nobody new."""
        self.members[member] = None
        windows = self.users.setdefault(member.key, []) if member.key else []
        windows.append(member)
        return len(windows) == 1

    def remove(self, member: Speaker) -> bool:
        """Whether somebody left: with another window open, nobody did."""
        self.members.pop(member, None)
        windows = self.users.get(member.key, [])
        if member in windows:
            windows.remove(member)
        if not windows:
            self.users.pop(member.key, None)
        return not windows

    def names(self) -> list[str | None]:
        return [windows[0].username for windows in self.users.values()]
# [/room]


def where(room: Room) -> dict:
    return {"room": room.name} if room.name else {}


def count(room: Room) -> dict:
    number = len(room.members)
    return {"room": room.name, "member_count": number} if room.name else {"connected_count": number}


def ack(room: Room, message: dict) -> dict:
    frame = {"type": "ack", "id": message.get("id"), "timestamp": now()} | where(room)
    return frame | {"seq": message["seq"], "epoch": room.log.epoch}


def notice(room: Room, event: str, member: Speaker) -> dict:
    did, to = {"join": ("加入", "加入了"), "leave": ("離開", "離開了")}[event]
    place = f"房間 {room.name}" if room.name else "聊天室"
    nobody = {"join": "有新用戶", "leave": "有用戶"}[event]
    message = f"{member.username} {to}{place}" if member.username else f"{nobody}{did}{place}"
    user = {"username": member.username} if member.username else {}
    return {"type": "system", "event": event, "message": message} | user | count(room)
