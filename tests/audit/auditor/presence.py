"""Judges what the clients were told of who is there: one join and one leave for each user, in turn."""

from __future__ import annotations

from collections.abc import Iterator

from . import notes
from .notes import Diary, Note

Told = tuple[str, list[str]]  # what is wrong, and the notes that show it


def untrue_notices(diary: Diary) -> Iterator[Told]:
    """Who comes wasn't there, and who leaves was: as far as this client can know."""
    there: dict[str, bool] = {}
    complete = False  # a name that isn't in `there` isn't there
    since = 0
    for i, note in enumerate(diary.notes):
        if isinstance(note, notes.Connected):
            there, complete, since = {}, False, i
        elif isinstance(note, notes.Here):
            there, complete = dict.fromkeys(note.users, True), not note.more
        elif isinstance(note, notes.Moved):
            for user, comes in [*((each, True) for each in note.came), *((each, False) for each in note.left)]:
                if there.get(user, False if complete else not comes) == comes:
                    what = "came, and was there" if comes else "left, and wasn't there"
                    yield f"{diary.client} was told that {user} {what}", _about(diary, since, i, user)
                there[user] = comes
            if note.more:
                there, complete = {}, False
        elif isinstance(note, notes.Present):
            for user in set(note.users) ^ {each for each, is_there in there.items() if is_there}:
                if user in there or complete:
                    told = "was told that {} is there, who isn't" if there.get(user) else (
                        "wasn't told that {} is there"
                    )
                    yield f"{diary.client} {told.format(user)}", _about(diary, since, i, user)


def _about(diary: Diary, begin: int, end: int, user: str) -> list[str]:
    """The notes of this connection that speak of that user."""
    lines = []
    for note in diary.notes[begin : end + 1]:
        if isinstance(note, notes.Connected):
            lines.append(str(note))
        elif isinstance(note, (notes.Here, notes.Present)):
            lines.append(f"{note.at:.3f} s: {_name(note)} {'with' if user in note.users else 'without'} {user}")
        elif isinstance(note, notes.Moved) and user in (*note.came, *note.left):
            lines.append(f"{note.at:.3f} s: {user} {'came' if user in note.came else 'left'}")
    return [f"{diary.client} noted: {line}" for line in lines]


def _name(note: Note) -> str:
    return type(note).__name__.lower()


def unequal_crowds(diaries: list[Diary]) -> Iterator[Told]:
    """At the end all are there, and all are told so."""
    users = {diary.user for diary in diaries if diary.user}
    for diary in diaries:
        for note in diary.of(notes.Present):
            if missing := users - set(note.users):
                yield f"{diary.client} isn't told of {', '.join(sorted(missing))}, who are there", [str(note)]
            if more := set(note.users) - users:
                yield f"{diary.client} is told of {', '.join(sorted(more))}, who aren't there", [str(note)]
            if note.connections != len(diaries):
                what = f"{diary.client} is told of {note.connections} connections"
                yield f"{what}; there are {len(diaries)}", [str(note)]
