"""The report that a person reads."""

from __future__ import annotations

import unittest
from collections import Counter
from pathlib import Path

from auditor.audit import Plan, Result
from auditor.judge import Finding
from auditor.notes import LOBBY, Acked, Broke, Connected, Diary, Gap, Position, Refused, Saw, Sent
from auditor.report import report, times


def result(*findings: Finding) -> Result:
    ada = Diary("Ada", "Ada")
    ada.notes += [
        Connected(0.1),
        Sent(0.2, LOBBY, "a1", "text"),
        Broke(0.3, "the connection broke"),
        Connected(0.4),
        Sent(0.5, LOBBY, "a1", "text"),
        Saw(0.6, LOBBY, Position("E", 1), "a1", "text"),
        Acked(0.6, "a1", Position("E", 1), True),
        Sent(0.7, LOBBY, "a2", "text"),
        Refused(0.8, "a2", "unavailable", True),
        Gap(0.9, LOBBY, Position("E", 1), Position("F", 1), 0, "epoch"),
    ]
    plan = Plan(Path("chapter08"), seed=7, clients=2, environment={"CHAPTER08_FAULT": "none"})
    return Result(
        plan, [ada, Diary("nameless")], list(findings), ["chapter08", "--port", "0"], "", Counter(kill=3),
        ["the disk is full"], 61.0, 0.25, [0.001, 0.002, 0.004], [],
    )  # fmt: skip


class ReportTest(unittest.TestCase):
    def test_says_what_was_done_and_what_happened(self) -> None:
        text = report(result())
        for line in (
            "An audit of chapter08 --port 0",
            "seed 7, 60 s, 2 clients (1 without a name), 150 messages a second, in memory",
            "with CHAPTER08_FAULT=none",
            "3 × kill -9, and the server is started again",
            "1 × the server refused to start on a full disk:",
            "2 messages were sent, 1 times again",
            "1 of them were acknowledged, 1 acks said that it was a repeat",
            "refused: 1 unavailable",
            "2 connections; their ends: 1 the connection broke",
            "gaps that were announced, by reason: 1 epoch",
            "time to the ack: p50 2.0 ms, p99 4.0 ms, at most 4.0 ms (of 3)",
            "the same of messages that were sent more than once: none",
            "What was found\n  nothing",
        ):
            self.assertIn(line, text)

    def test_shows_each_kind_of_finding_with_evidence_and_cuts_long_lists(self) -> None:
        lost = [Finding("lost", f"Bob never saw m{i}", [f"line {i}.{j}" for j in range(99)]) for i in range(7)]
        text = report(result(*lost, Finding("hole", "a hole")))
        self.assertIn("  lost: 7\n    - Bob never saw m0\n        line 0.0\n", text)
        self.assertNotIn("line 0.98", text)
        self.assertNotIn("m6", text)
        self.assertIn("    … and 2 more\n  hole: 1\n    - a hole\n", text)

    def test_percentiles_are_of_what_was_measured(self) -> None:
        hundred = [each / 1000 for each in range(100, 0, -1)]
        self.assertEqual(times(hundred), "p50 50.0 ms, p99 99.0 ms, at most 100.0 ms (of 100)")


if __name__ == "__main__":
    unittest.main()
