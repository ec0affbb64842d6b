"""The plan of harm, and the disk that can be full."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import signal
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from auditor.disk import Quota, make_disk
from auditor.harm import KINDS, make_plan


def writes(path: Path, size: int) -> int:
    """0, or the error that a write ended with."""
    try:
        with open(path, "wb", buffering=0) as file:
            file.write(bytes(size))
    except OSError as error:
        return error.errno or -1
    return 0


def fill_and_free(folder: str, results: multiprocessing.SimpleQueue) -> None:  # type: ignore[type-arg]
    """In a process of its own: it takes its mounts with it."""
    disk = make_disk(Path(folder))
    for name, change in ("first", lambda pid: None), ("second", disk.fill), ("third", disk.free):
        change(os.getpid())
        results.put(writes(Path(folder, name), 100_000))
    disk.close()


def write_under_quota(results: multiprocessing.SimpleQueue) -> None:  # type: ignore[type-arg]
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tempfile.TemporaryDirectory() as folder:
        quota = Quota()
        for change in (lambda pid: None, quota.fill, quota.free):
            change(os.getpid())
            results.put(writes(Path(folder, "file"), 100_000))


class PlanTest(unittest.TestCase):
    def test_a_seed_is_a_plan(self) -> None:
        kinds = list(KINDS)
        self.assertEqual(make_plan(1, 60, 20, kinds), make_plan(1, 60, 20, kinds[::-1]))
        self.assertNotEqual(make_plan(1, 60, 20, kinds), make_plan(2, 60, 20, kinds))

    def test_does_each_kind_as_often_as_it_says(self) -> None:
        plan = make_plan(1, 120, 20, ["tear", "kill", "disk"], kills=7)
        expected = {"tear": 2 * KINDS["tear"][0], "kill": 7, "disk": 2 * KINDS["disk"][0]}
        self.assertEqual(Counter(blow.kind for blow in plan), expected)
        self.assertEqual(plan, sorted(plan, key=lambda blow: blow.at))
        self.assertTrue(all(0 <= blow.at <= 120 and 0 <= blow.who < 20 for blow in plan))


class DiskTest(unittest.TestCase):
    def run_apart(self, function: object, *arguments: object) -> list[int]:
        fork = multiprocessing.get_context("fork")
        results = fork.SimpleQueue()
        process = fork.Process(target=function, args=(*arguments, results))  # type: ignore[arg-type]
        process.start()
        process.join(30)
        self.assertEqual(process.exitcode, 0)
        return [results.get() for _ in range(3)]

    def test_a_disk_is_full_and_has_room_again(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            before, full, after = self.run_apart(fill_and_free, folder)
            self.assertEqual((before, after), (0, 0))
            self.assertIn(full, (errno.ENOSPC, errno.EFBIG))
            self.assertNotIn(folder, Path("/proc/self/mounts").read_text(), "nobody else sees it")

    @unittest.skipIf(resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY, "limited")
    def test_a_quota_does_the_same(self) -> None:
        self.assertEqual(self.run_apart(write_under_quota), [0, errno.EFBIG, 0])


if __name__ == "__main__":
    unittest.main()
