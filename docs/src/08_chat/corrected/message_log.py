"""The log of a conversation: numbered messages, what somebody missed, and a database for them."""

import json
import re
import secrets
import sqlite3
from collections import deque
from collections.abc import Iterator
from itertools import islice

from .frames import Frame, Refused, invalid_format
from .settings import HISTORY_MESSAGES

MOST = 200  # messages in a history
BEHIND_A_GAP = 50  # and in one that can't go on where the reader was


class Log:
    def __init__(self, epoch: str = "") -> None:
        self.epoch = epoch or secrets.token_hex(16)  # another one whenever the numbers begin anew
        self.messages: deque[dict] = deque(maxlen=HISTORY_MESSAGES)
        self.last = 0

    # [append]
    def append(self, message: dict) -> None:
        self.last = message["seq"]
        self.messages.append(message)
    # [/append]

    @property
    def position(self) -> dict:
        return {"epoch": self.epoch, "seq": self.last}

    # [since]
    def since(self, position: str) -> dict:
        """What comes behind a position, or, if there is a gap, the last messages."""
        found = re.fullmatch(r"([!-9;-~]{1,64}):([0-9]{1,18})", position)
        if not found:
            raise Refused("invalid_since", "A position is EPOCH:SEQ")
        epoch, seq = found[1], int(found[2])
        forgotten = self.last - len(self.messages)
        if epoch != self.epoch or seq > self.last:
            return self._gap("epoch")
        if seq < forgotten:
            return self._gap("trimmed")
        missed = list(islice(self.messages, seq - forgotten, seq - forgotten + MOST))
        more = {"more": True} if seq + len(missed) < self.last else {}
        return self.position | {"messages": missed, "recovered": True} | more
    # [/since]

    def _gap(self, reason: str) -> dict:
        messages = list(self.messages)[-BEHIND_A_GAP:]
        return self.position | {"messages": messages, "recovered": False, "reason": reason}

    def asked(self, frame: Frame) -> dict:
        """What a `history` frame asks for."""
        if frame.since is not None:
            return self.since(frame.since)
        return self.before(frame.before, 50 if frame.limit is None else frame.limit)

    def before(self, before: int | None, limit: int) -> dict:
        """A page of what was said before a number, or of the end."""
        if not 1 <= limit <= MOST:
            raise invalid_format()
        older = [each for each in self.messages if before is None or each["seq"] < before]
        page = {"messages": older[-limit:]} | ({"more": True} if len(older) > limit else {})
        return self.position | page | ({} if before is None else {"before": before})


# [database]
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS messages (
    room TEXT NOT NULL, seq INTEGER NOT NULL, epoch TEXT NOT NULL, user TEXT NOT NULL,
    message TEXT NOT NULL, PRIMARY KEY (room, seq));
CREATE TABLE IF NOT EXISTS epochs (room TEXT PRIMARY KEY, epoch TEXT NOT NULL);
"""


class Database:
    """What is stored is on the disk when `store` returns."""

    def __init__(self, path: str) -> None:
        # Without isolation_level each statement is a transaction, committed when it returns.
        self.connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.connection.executescript(SCHEMA)

    def store(self, room: str, epoch: str, user: str, message: dict) -> None:
        row = (room, message["seq"], epoch, user, json.dumps(message))
        self.connection.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", row)

    def epoch(self, room: str) -> str:
        """The epoch of a room's log, which is new the first time."""
        row = (room, secrets.token_hex(16))
        self.connection.execute("INSERT INTO epochs VALUES (?, ?) ON CONFLICT DO NOTHING", row)
        query = "SELECT epoch FROM epochs WHERE room = ?"
        return self.connection.execute(query, (room,)).fetchone()[0]

    def read(self) -> Iterator[tuple[str, str, str, dict]]:
        """Room, epoch, user and message of all that was ever said, in order."""
        query = "SELECT room, epoch, user, message FROM messages ORDER BY rowid"
        for room, epoch, user, text in self.connection.execute(query):
            yield room, epoch, user, json.loads(text)

    def close(self) -> None:
        self.connection.close()
# [/database]
