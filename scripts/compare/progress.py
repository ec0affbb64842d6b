"""Says what is being done: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO


class Progress:
    """Counts steps."""

    def __init__(self, total: int, stream: TextIO = sys.stderr) -> None:
        self._total = total
        self._done = 0
        self._stream = stream
        self._one_line = stream.isatty()
        self._began = time.monotonic()

    def step(self, text: str) -> None:
        """The next step begins."""
        self._done += 1
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        line = f"[{self._done}/{self._total}] {minutes}:{seconds:02} {text}"
        if self._one_line:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\033[2K{line[:width]}")
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Leaves an empty line for what is printed next."""
        if self._one_line:
            self._stream.write("\r\033[2K")
            self._stream.flush()
