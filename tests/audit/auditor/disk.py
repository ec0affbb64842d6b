"""A disk for the database that can be full."""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
SIZE = 64 << 20  # bytes


class Disk:
    """A small filesystem of its own, filled with one large file.

    It's mounted in a namespace of this process: nobody else sees it, and it goes when this process
    ends, whatever ends it.
    """

    how = f"a filesystem of {SIZE >> 20} MiB, filled up"

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        _succeed(libc.unshare(CLONE_NEWNS))
        _succeed(libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None))
        options = f"size={SIZE}".encode()
        _succeed(libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", ctypes.c_ulong(0), options))
        self._folder, self._ballast, self._libc = folder, folder / "ballast", libc

    def fill(self, pid: int | None) -> None:
        """Leaves no room."""
        with open(self._ballast, "wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 20)):
                    pass
            except OSError:
                pass  # it's full

    def free(self, pid: int | None) -> None:
        """Makes room again."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Takes the filesystem away."""
        _succeed(self._libc.umount(os.fsencode(self._folder)))


class Quota:
    """Where nothing can be mounted: a process that may write into no file."""

    how = "a limit of 0 on the length of the files that the server writes"

    def fill(self, pid: int | None) -> None:
        """Lets it write nothing more."""
        if pid:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def free(self, pid: int | None) -> None:
        """Lets it write again."""
        if pid:
            infinity = resource.RLIM_INFINITY
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (infinity, infinity))

    def close(self) -> None:
        """Nothing is left."""


def make_disk(folder: Path) -> Disk | Quota:
    """The disk of the database in that folder."""
    try:
        return Disk(folder)
    except OSError:
        return Quota()


def _succeed(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
