"""What can be set, by variables: CHAT_MESSAGE_RATE=20."""

import os


def setting(name: str, default: float) -> float:
    return type(default)(os.getenv(f"CHAT_{name}", default))


HEARTBEAT_INTERVAL = setting("HEARTBEAT_INTERVAL", 10.0)  # seconds
HEARTBEAT_TIMEOUT = setting("HEARTBEAT_TIMEOUT", 30.0)
MAX_CONNECTIONS = setting("MAX_CONNECTIONS", 2000)  # 0: as many as come
MAX_MESSAGE_BYTES = setting("MAX_MESSAGE_BYTES", 64 * 1024)
MAX_TEXT_LENGTH = setting("MAX_TEXT_LENGTH", 4000)  # 0: as long as the message may be
MESSAGE_RATE = setting("MESSAGE_RATE", 10.0)  # frames a second; 0: as many as come
MESSAGE_BURST = setting("MESSAGE_BURST", 40.0)
HISTORY_MESSAGES = setting("HISTORY_MESSAGES", 1000)  # that each log keeps
DEDUP_ENTRIES = 50_000  # ids by which a repeat is known
MAX_ROOMS = 16  # of a connection
KEPT_ROOMS = 1000  # rooms that have a log although nobody may be in them
RESUME_WINDOW = 600  # seconds that the inbox waits for its user
OUTBOX_LIMIT = 16 * 1024 * 1024  # bytes that may wait for a reader
SEND_TIMEOUT = 10  # seconds in which a reader must take something
GOODBYE_TIMEOUT = 3  # seconds for the last frames when the server stops
ALLOWED_ORIGINS = os.getenv("CHAT_ALLOW_ORIGIN", "").split()  # besides the server's own
DATABASE = os.getenv("CHAT_DATABASE", "")  # a file; without it, messages end with the process
