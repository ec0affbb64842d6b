"""What comes from a client, parsed: the chat never sees a frame that isn't right."""

import json
import re
import unicodedata
from datetime import datetime, timezone

from pydantic import BaseModel, StrictBool, StrictInt, StrictStr

KINDS = ("message", "pong", "heartbeat", "join", "leave", "who", "typing", "history", "refresh")
ANONYMOUS = "Anonymous"
# Letters and marks that are drawn as nothing; the other invisible characters aren't printable.
UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffd"
UNSEEN += "\U000e0100-\U000e01ef"
BAD_NAME = re.compile(f"[{UNSEEN}]|^ | $|  ")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


class Refused(Exception):
    """What a client sent can't be done; the client is told why."""

    def __init__(self, code: str, message: str, **fields: object) -> None:
        super().__init__(code)
        self.frame = {"type": "error", "code": code, "message": message} | fields


def invalid_format() -> Refused:
    return Refused("invalid_format", "Invalid message format")


# [frame]
class Frame(BaseModel):
    """The fields that a client may send; null counts as left out."""

    type: StrictStr | None = None
    id: StrictStr | None = None
    message: StrictStr | None = None
    username: StrictStr | None = None
    target_user: StrictStr | None = None
    timestamp: StrictStr | None = None
    room: StrictStr | None = None
    since: StrictStr | None = None
    inbox: StrictBool | None = None
    before: StrictInt | None = None
    limit: StrictInt | None = None


def parse(text: str) -> Frame:
    try:
        return check(json.loads(text))
    except (ValueError, RecursionError):  # no JSON, too deep
        raise invalid_format() from None


def check(fields: dict) -> Frame:
    try:
        frame = Frame(**fields)
    except (ValueError, TypeError):  # a wrong type, no object
        raise invalid_format() from None
    frame.type = frame.type or "message"
    if frame.type not in KINDS:
        raise Refused("unknown_type", f"Clients don't send {frame.type[:32]!r}")
    if frame.id is not None and not re.fullmatch(r"[!-~]{1,64}", frame.id):
        raise invalid_format()
    if frame.type == "message" and frame.message is None:
        raise invalid_format()
    return frame
# [/frame]


# [names]
def clean_name(text: str) -> str | None:
    """The name of a user or a room as it's shown, or None: all of it can be seen."""
    name = unicodedata.normalize("NFC", text)
    is_mark_first = name != "" and unicodedata.category(name[0]).startswith("M")
    if not 1 <= len(name) <= 32 or not name.isprintable() or is_mark_first or BAD_NAME.search(name):
        return None
    return None if key_of(name) == key_of(ANONYMOUS) else name


def key_of(name: str) -> str:
    """What names have in common that are one name: Alice, alice and Ａlice."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
# [/names]


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def time_of(frame: Frame) -> str:
    """The client's time, if it is one, or else the server's."""
    try:
        if frame.timestamp and TIME.fullmatch(frame.timestamp):
            datetime.fromisoformat(frame.timestamp[:19])  # there is no 30 February
            return frame.timestamp
    except ValueError:
        pass
    return now()
