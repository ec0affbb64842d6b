"""The audit finds each of the faults that chapter08_faulty has been given (chapter08/log/faults.hpp)."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import subprocess
import unittest
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from auditor.audit import Plan, audit
from auditor.report import report

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "chapter08/log/faults.hpp"
PROGRAM = ROOT / os.environ.get("CHAPTER08_FAULTY", "build/release/chapter08/chapter08_faulty")

SHORT = Plan(PROGRAM, seed=1, seconds=4, clients=8, rate=100)
DATABASE = replace(SHORT, database=True)

# What it takes to find each, and which findings show that it was found.
FAULTS = {
    "ack_before_commit": (replace(DATABASE, kinds=("kill",), kills=3), {"lost", "log went back"}),
    "epoch_kept": (replace(SHORT, kinds=("kill",), kills=2), {"two at one place"}),
    "forgotten_duplicate": (replace(SHORT, kinds=("deaf",), times=8), {"twice"}),
    "gap_not_announced": (replace(SHORT, kinds=("kill",), kills=2), {"hole"}),
    "history_off_by_one": (replace(SHORT, kinds=("away",), times=8), {"hole", "lost"}),
    "laggard_skipped": (replace(SHORT, kinds=("freeze",), times=8, rate=300), {"hole"}),
    "lost_on_rotation": (
        replace(DATABASE, kinds=(), rate=400, options=("--history-bytes", "1048576")),
        {"trimmed"},
    ),
    "private_not_stored": (replace(SHORT, kinds=()), {"lost"}),
    "replay_interleaves": (replace(SHORT, kinds=("freeze",), times=8, rate=300), {"hole"}),
    "seq_reused": (replace(DATABASE, kinds=("disk",), times=10), {"two at one place", "lost"}),
    "trimmed_too_much": (replace(SHORT, kinds=(), kept=10), {"trimmed"}),
}


def find(name: str) -> tuple[set[str], str]:
    """The kinds of findings of the audit of one fault, and its report."""
    result = asyncio.run(audit(replace(FAULTS[name][0], environment={"CHAPTER08_FAULT": name})))
    return {finding.kind for finding in result.findings}, report(result)


class FaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        if "CHAPTER08_FAULTY" not in os.environ:
            command = ["cmake", "--build", "--preset", "release", "--target", "chapter08_faulty"]
            build = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if build.returncode != 0:
                raise RuntimeError(build.stdout + build.stderr)

    def test_every_fault_is_looked_for(self) -> None:
        enum = re.search(r"enum class Fault \{(.*?)\};", HEADER.read_text(), re.DOTALL)
        assert enum
        self.assertEqual(sorted(FAULTS), sorted(re.findall(r"^ *(\w+),", enum[1], re.MULTILINE)))

    def test_each_is_found(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=spawn) as two_at_a_time:
            for name, (kinds, text) in zip(FAULTS, two_at_a_time.map(find, FAULTS)):
                with self.subTest(name):
                    self.assertTrue(FAULTS[name][1] & kinds, "\n" + text)

    def test_without_a_fault_nothing_is_found(self) -> None:
        """It's the faults that are found, and not the program that they are in."""
        for plan in SHORT, DATABASE:
            result = asyncio.run(audit(replace(plan, environment={"CHAPTER08_FAULT": "none"})))
            self.assertEqual(result.findings, [], "\n" + report(result))


if __name__ == "__main__":
    unittest.main()
