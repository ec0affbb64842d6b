"""A short audit of the server, in memory and with a database: it has to find nothing."""

from __future__ import annotations

import asyncio
import os
import unittest
from pathlib import Path

from auditor import notes
from auditor.audit import CLIENT_HARM, REDIS_HARM, SERVER_HARM, Plan, Result, audit
from auditor.report import report

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("CHAPTER08", "build/release/chapter08/chapter08")


class AuditTest(unittest.TestCase):
    def run_audit(self, plan: Plan) -> Result:
        result = asyncio.run(audit(plan))
        self.assertEqual(result.findings, [], "\n" + report(result))
        acked = {note.id for diary in result.diaries for note in diary.of(notes.Acked)}
        # While Redis or a server is away, which is often, the clients wait.
        least = 3 if plan.servers else 10
        self.assertGreater(len(acked), least * plan.seconds, "\n" + report(result))
        for kind in plan.kinds:
            self.assertGreater(result.done[kind], 0, kind)
        return result

    def count(self, result: Result, kind: type[notes.Note]) -> int:
        return sum(len(diary.of(kind)) for diary in result.diaries)

    def test_finds_nothing_in_memory(self) -> None:
        result = self.run_audit(Plan(PROGRAM, seed=1, seconds=15, times=1.5))
        self.assertGreater(self.count(result, notes.Gap), 0, "each restart is a gap")

    def test_finds_nothing_where_little_is_kept(self) -> None:
        self.run_audit(Plan(PROGRAM, seed=2, seconds=6, kept=30, kinds=CLIENT_HARM, times=3))

    def test_finds_nothing_with_a_database(self) -> None:
        kinds = (*CLIENT_HARM, *SERVER_HARM, "disk")
        result = self.run_audit(
            Plan(PROGRAM, seed=3, database=True, seconds=20, kinds=kinds, times=1.5)
        )
        self.assertEqual(self.count(result, notes.Gap), 0)
        codes = {note.code for diary in result.diaries for note in diary.of(notes.Refused)}
        self.assertIn("unavailable", codes, "the disk was full")

    def test_finds_nothing_with_a_database_and_little_memory(self) -> None:
        options = ("--history-bytes", "1048576")
        plan = Plan(PROGRAM, seed=4, database=True, seconds=6, times=2, options=options)
        self.run_audit(plan)

    def test_finds_nothing_with_two_workers(self) -> None:
        result = self.run_audit(Plan(PROGRAM, seed=5, seconds=10, workers=2, times=1.5))
        self.assertGreater(self.count(result, notes.Gap), 0, "each restart is a gap")

    def test_finds_nothing_with_two_workers_and_a_database(self) -> None:
        result = self.run_audit(Plan(PROGRAM, seed=6, database=True, seconds=6, workers=2, times=1.5))
        self.assertEqual(self.count(result, notes.Gap), 0)

    def test_finds_nothing_where_half_have_no_websocket(self) -> None:
        plan = Plan(PROGRAM, seed=9, database=True, events=True, seconds=10, workers=2, times=1.5)
        result = self.run_audit(plan)
        self.assertEqual(self.count(result, notes.Gap), 0)

    def test_finds_nothing_with_three_servers(self) -> None:
        kinds = (*CLIENT_HARM, *SERVER_HARM, *REDIS_HARM)
        result = self.run_audit(Plan(PROGRAM, seed=7, servers=3, seconds=20, kinds=kinds, times=1.5))
        self.assertEqual(self.count(result, notes.Gap), 0)

    def test_tells_of_a_gap_where_redis_comes_back_empty(self) -> None:
        kinds = ("tear", "away", "empty")
        result = self.run_audit(Plan(PROGRAM, seed=8, servers=2, seconds=6, kinds=kinds))
        self.assertGreater(self.count(result, notes.Gap), 0)


if __name__ == "__main__":
    unittest.main()
