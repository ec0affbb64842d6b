"""The source files: which are the program's own, and which may be shown."""

from __future__ import annotations

import sysconfig
from functools import cached_property
from pathlib import Path
from types import CodeType


class Sources:
    """Names files as they are shown, and gives the text of those that it has named."""

    def __init__(self, program: Path, root: Path) -> None:
        self.program = f"{program}/"
        self.root = root
        self.files: dict[str, Path] = {}  # by the name that it was shown under
        self.names: dict[CodeType, str] = {}
        self.own: dict[CodeType, bool] = {}

    def is_own(self, code: CodeType) -> bool:
        """Whether it's the program's own code; else it's that of a library."""
        own = self.own.get(code)
        if own is None:
            own = self.own[code] = str(Path(code.co_filename).resolve()).startswith(self.program)
        return own

    def name(self, code: CodeType) -> str:
        """Below the project's folder, or below the folder of libraries."""
        name = self.names.get(code)
        if name is None:
            path = Path(code.co_filename).resolve()
            name = self.names[code] = self.shortened(path)
            self.files[name] = path
        return name

    def shortened(self, path: Path) -> str:
        for folder in (self.root, *self.libraries):
            if path.is_relative_to(folder):
                return str(path.relative_to(folder))
        return path.name

    @cached_property
    def libraries(self) -> list[Path]:
        folders = {Path(path).resolve() for path in sysconfig.get_paths().values()}
        folders |= {Path("/usr/lib/python3/dist-packages")}  # where Debian's packages are
        return sorted(folders, key=lambda folder: -len(folder.parts))

    def text(self, name: str) -> str | None:
        """Nothing for a file that hasn't been named."""
        path = self.files.get(name)
        try:
            return path.read_text(encoding="utf-8") if path else None
        except OSError:
            return None

    def line(self, name: str, number: int) -> str | None:
        lines = self.lines(name)
        return lines[number - 1].strip() if 0 < number <= len(lines) else None

    def lines(self, name: str) -> list[str]:
        """Read once: the program runs what was there when it was started."""
        if name not in self.cached:
            self.cached[name] = (self.text(name) or "").splitlines()
        return self.cached[name]

    @cached_property
    def cached(self) -> dict[str, list[str]]:
        return {}
