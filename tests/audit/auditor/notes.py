"""What a client notes down while it takes part in the chat: all that the judge gets to see."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

LOBBY = "the lobby"


def room(name: str) -> str:
    """The conversation of a room."""
    return f"room {name}"


def inbox(user: str) -> str:
    """The conversation of a user's private messages."""
    return f"inbox of {user}"


class Position(NamedTuple):
    """A place in the log of a conversation."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened to one client, `at` seconds after the run began."""

    at: float

    def __str__(self) -> str:
        said = []
        for each in dataclasses.fields(self)[1:]:
            value = getattr(self, each.name)
            if value not in (None, False, "") and each.name != "text":
                said.append(each.name if value is True else f"{each.name} {value}")
        return f"{self.at:.3f} s: {type(self).__name__.lower()} " + ", ".join(said)


@dataclass(frozen=True, slots=True)
class Connected(Note):
    """A handshake succeeded."""


@dataclass(frozen=True, slots=True)
class Broke(Note):
    """The connection ended."""

    why: str


@dataclass(frozen=True, slots=True)
class Sent(Note):
    """A message went out: once more for each repeat."""

    conversation: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Acked(Note):
    """The server says that it has the message. The ack of a private message names no position."""

    id: str
    position: Position | None
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Refused(Note):
    """The server won't take the message: now (`retry`), or at all."""

    id: str
    code: str
    retry: bool


@dataclass(frozen=True, slots=True)
class Joined(Note):
    """The client's first position in a conversation: it's a member from here on."""

    conversation: str
    position: Position


@dataclass(frozen=True, slots=True)
class Saw(Note):
    """A message came into the client's view, in this order."""

    conversation: str
    position: Position
    id: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Again(Note):
    """A message came at a position that the client has passed; it isn't shown again."""

    conversation: str
    position: Position
    id: str


@dataclass(frozen=True, slots=True)
class Reread(Again):
    """The same, when the client looked back at the end."""


@dataclass(frozen=True, slots=True)
class Gap(Note):
    """The server announced that messages are missing between two positions.

    `after` is the last that the client has, `before` the next that it gets; `last` is where the log
    ended.
    """

    conversation: str
    after: Position
    before: Position
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class Hole(Note):
    """Messages were left out and nobody said so; `came` is what the client got or was told instead."""

    conversation: str
    have: Position
    came: Position
    where: str


@dataclass(frozen=True, slots=True)
class Early(Note):
    """A live message overtook the history that belongs before it."""

    conversation: str
    have: Position
    came: Position


@dataclass(frozen=True, slots=True)
class Back(Note):
    """The server says that the log ends before what the client has of it."""

    conversation: str
    have: Position
    told: Position


@dataclass(frozen=True, slots=True)
class Strange(Note):
    """A frame that the protocol doesn't know."""

    what: str


@dataclass(frozen=True, slots=True)
class Whole(Note):
    """At the end of the run: the log ends here, and the client has all of it."""

    conversation: str
    position: Position


@dataclass(frozen=True, slots=True)
class Kept(Note):
    """At the end of the run: the log has everything from `first` to `last`, page by page backwards."""

    conversation: str
    first: Position
    last: Position


@dataclass(frozen=True, slots=True)
class Here(Note):
    """Who is in the lobby, as the welcome says. `more`: there are others, too."""

    users: tuple[str, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Moved(Note):
    """Who came into the lobby, and who left it, since the last such note. `more`: others, too."""

    came: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Present(Note):
    """At the end of the run: who is in the lobby, and over how many connections."""

    users: tuple[str, ...]
    connections: int


@dataclass
class Diary:
    """The notes of one client, whose name is `client`. Several may be the same `user`."""

    client: str
    user: str | None = None
    conversations: tuple[str, ...] = (LOBBY,)
    notes: list[Note] = field(default_factory=list)

    def of(self, *kinds: type[Note]) -> list[Any]:
        """The notes of these kinds."""
        return [note for note in self.notes if isinstance(note, kinds)]


def write(diaries: Iterable[Diary], path: Path) -> None:
    """One JSON object a note, for whoever wants to look for themselves."""
    with open(path, "w", encoding="utf-8") as file:
        for diary in diaries:
            for note in diary.notes:
                line = {"client": diary.client, "note": type(note).__name__}
                line |= dataclasses.asdict(note)
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
