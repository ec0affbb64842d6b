"""Chapter 15: what a commit costs: one by one, and many at once, with and without fsync.

The files are made in the current folder, because /tmp may be no disk at all.
"""

import os
import sqlite3
import tempfile
import time

SECONDS = 2.0  # each measurement lasts so long


def fsyncs(folder: str) -> None:
    """Writes 4 KiB and waits until it is on the disk, again and again."""
    took = []
    with open(f"{folder}/file", "wb", buffering=0) as file:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    took.sort()
    half, most = took[len(took) // 2], took[len(took) * 99 // 100]
    print(f"one fdatasync: {half * 1e3:.2f} ms (half of them), {most * 1e3:.2f} ms (99 of 100)")


# [commits]
def commits(folder: str, synchronous: str, batch: int) -> None:
    """Stores messages, `batch` of them in each transaction."""
    database = sqlite3.connect(f"{folder}/{synchronous}{batch}.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"PRAGMA synchronous = {synchronous}")
    database.execute("CREATE TABLE messages (seq INTEGER PRIMARY KEY, message TEXT NOT NULL)")
    stored, began = 0, time.monotonic()
    while time.monotonic() < began + SECONDS:
        database.execute("BEGIN")
        rows = [("a message of an ordinary length",)] * batch
        database.executemany("INSERT INTO messages (message) VALUES (?)", rows)
        database.execute("COMMIT")  # with FULL, this waits for the disk
        stored += batch
    rate = stored / (time.monotonic() - began)
    print(f"synchronous={synchronous:4} {batch:4} a commit: {rate:9,.0f} messages a second")
# [/commits]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=".") as folder:
        fsyncs(folder)
        for synchronous, batch in [("OFF", 1), ("FULL", 1), ("FULL", 16), ("FULL", 256)]:
            commits(folder, synchronous, batch)
