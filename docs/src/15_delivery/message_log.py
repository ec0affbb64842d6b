"""Chapter 15: the log of a conversation in SQLite: each message has a number, and is stored once."""

import re
import secrets
import sqlite3
from datetime import datetime, timezone

# [schema]
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS epoch (name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    id TEXT NOT NULL,
    message TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    UNIQUE (username, id)
);
"""
# [/schema]
MOST = 200  # messages in a history
LAST = 50  # messages behind a gap


class MessageLog:
    # [open]
    def __init__(self, path: str) -> None:
        # Without isolation_level each statement is a transaction, committed when it returns.
        self.database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.database.executescript(SCHEMA)
        self.database.execute(
            "INSERT INTO epoch SELECT ? WHERE NOT EXISTS (SELECT * FROM epoch)",
            (secrets.token_hex(16),),
        )
        (self.epoch,) = self.database.execute("SELECT name FROM epoch").fetchone()
    # [/open]

    # [append]
    def append(self, username: str, id: str, text: str) -> tuple[dict, bool]:
        """The message with its number, and whether it is new: a repeat is stored no second time."""
        added = self.database.execute(
            "INSERT INTO messages (username, id, message, timestamp) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (username, id, text, datetime.now(timezone.utc).isoformat()),
        )
        [message] = self.read("WHERE username = ? AND id = ?", username, id)
        return message, added.rowcount == 1
    # [/append]

    # [history]
    def history(self, since: str) -> dict:
        """What comes behind a position, or, if there is a gap, the last messages."""
        position = re.fullmatch(r"(\w+):([0-9]{1,18})", since)
        if not position:
            return {"type": "error", "code": "invalid_since"}
        last = self.last()
        frame = {"type": "history", "epoch": self.epoch, "seq": last}
        if position[1] != self.epoch:
            messages = self.read("WHERE seq > ? ORDER BY seq", last - LAST)
            return frame | {"messages": messages, "recovered": False, "reason": "epoch"}
        messages = self.read("WHERE seq > ? ORDER BY seq LIMIT ?", int(position[2]), MOST)
        more = {"more": True} if messages and messages[-1]["seq"] < last else {}
        return frame | {"messages": messages, "recovered": True} | more
    # [/history]

    def last(self) -> int:
        return self.database.execute("SELECT coalesce(max(seq), 0) FROM messages").fetchone()[0]

    def read(self, where: str, *values: object) -> list[dict]:
        fields = "username, message, timestamp, id, seq"
        rows = self.database.execute(f"SELECT {fields} FROM messages {where}", values)
        return [{"type": "message"} | dict(zip(fields.split(", "), row)) for row in rows]
