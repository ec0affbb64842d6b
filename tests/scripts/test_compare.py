"""What scripts/compare.sh makes of its measurements, and that it leaves no process behind."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from compare import behaviour, figures, lines  # noqa: E402
from compare.__main__ import write_reports  # noqa: E402
from compare.measure import digest, explain, visits_in_order  # noqa: E402
from compare.plan import make_plan  # noqa: E402
from compare.tables import make_sections  # noqa: E402

PYTHON = "/usr/bin/python3"  # Debian's own, which has the packages of the two Python stacks
LOADS = make_plan(quick=True).loads
STACKS = ("flask", "fastapi", "cpp")
DEADLINE = 30  # seconds, for whatever is waited for


def traffic(per_second, p99_ms):
    return {
        "per_second": per_second,
        "per_cpu_second": per_second * 2,
        "p50_ms": p99_ms / 2,
        "p99_ms": p99_ms,
        "max_ms": p99_ms * 2,
        "problems": [],
    }


def made_up_samples():
    def of(flask, fastapi, cpp):
        return {"flask": flask, "fastapi": fastapi, "cpp": cpp}

    slow, fast = [traffic(500.0, 40.0)], [traffic(n, 0.5) for n in (7000.0, 9000.0, 8000.0)]
    usual = [traffic(n, 5.0) for n in (900.0, 1000.0, 1300.0)]
    waits = {"recovered": True, "closed_with": "", "problems": []}
    few = {"failed": "80 of 100 connections opened in 40 s"}
    return {
        "idle_100": of([few], [{"kib": 30}], [{"kib": 6}]),
        "echo": of(slow, usual, fast),
        "chat_100": of([{**slow[0], "problems": ["17 <lost>"]}], usual, fast),
        "stall": of(
            [{**waits, "silence_ms": 90.0}],
            [{**waits, "silence_ms": 3000.0, "recovered": False}],
            [{**waits, "silence_ms": 30.0, "closed_with": "1013"}],
        ),
    }


def made_up_behaviour():
    def result(stack, name, status, **more):
        folder = "faults" if name == "ghost" else "scenarios"
        return {"stack": stack, "name": name, "title": f"It is <{name}>.", "folder": folder} | {
            "status": status,
            **more,
        }

    return behaviour.side_by_side(
        [
            [result("flask", "20_echo", "passed"), result("flask", "ghost", "not for this stack")],
            [
                result("fastapi", "ghost", "known failure", why="nothing | cleans up"),
                result("fastapi", "20_echo", "passed"),
            ],
            [
                result("cpp", "20_echo", "failed", why="", differences=["expected <1>, got <2>"]),
                result("cpp", "ghost", "passed"),
            ],
        ]
    )


def made_up_result():
    return {
        "date": "2026-01-01 12:00:00",
        "method": "Made up.",
        "warnings": ["Not <real>."],
        "machine": {"Processor": "abacus"},
        "versions": {"Boost": "1.81"},
        "servers": {"C++": "chapter08"},
        "loads": {"Echo": "echo"},
        "behaviour": made_up_behaviour(),
        "samples": made_up_samples(),
        "lines": {
            "flask": {"program": 80, "layer": 0},
            "fastapi": {"program": 200, "layer": 0},
            "cpp": {"program": 900, "layer": 3000},
        },
    }


class Page(HTMLParser):
    """A page's text, and whether its elements are closed in order."""

    VOID = {"meta", "br", "link", "img"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.tags, self.attributes, self.mistakes = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


class TheReport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        result = made_up_result()
        cls.sections = make_sections(LOADS, result["samples"], result["lines"])
        with tempfile.TemporaryDirectory() as folder:
            write_reports(result, cls.sections, Path(folder))
            cls.html = (Path(folder) / "report.html").read_text(encoding="utf-8")
            cls.markdown = (Path(folder) / "report.md").read_text(encoding="utf-8")
        cls.page = Page(cls.html)

    def cell(self, section, row, stack):
        return next(s for s in self.sections if s.name == section).row(row).cells[stack]

    def test_is_html_whose_elements_are_closed(self):
        self.assertTrue(self.html.startswith("<!DOCTYPE html>"))
        self.assertEqual(self.page.mistakes, [])
        self.assertEqual(self.page.open, [])
        self.assertIn("svg", self.page.tags)

    def test_fetches_nothing(self):
        self.assertNotRegex(self.html, r"(?i)https?://|@import|url\(|<script|<link|<img")
        for name, value in self.page.attributes:
            if name in ("href", "src"):
                self.assertTrue(value.startswith("#"), value)

    def test_names_every_scenario_with_its_status(self):
        for text in ("It is <20_echo>.", "It is <ghost>.", "nothing | cleans up", "not applicable"):
            self.assertIn(text, self.page.text)
        self.assertIn("expected <1>, got <2>", self.page.text)
        self.assertIn("`20_echo`", self.markdown)
        self.assertIn("nothing \\| cleans up", self.markdown)

    def test_links_lead_somewhere(self):
        ids = {value for name, value in self.page.attributes if name == "id"}
        links = {value[1:] for name, value in self.page.attributes if name == "href"}
        self.assertEqual(links - ids, set())

    def test_shows_median_spread_and_ratio_in_each_row(self):
        cell = self.cell("chat_100", "per_second", "cpp")
        self.assertEqual((cell.text, cell.ratio, cell.note), ("8.00 k", "8.0×", "7.00 k – 9.00 k"))
        self.assertEqual(self.cell("chat_100", "p99_ms", "cpp").ratio, "1/10")
        for section in self.sections:
            for row in section.rows:
                if row.better:
                    self.assertTrue(any(cell.ratio for cell in row.cells.values()), row.label)
        self.assertIn("8.00 k 8.0× 7.00 k – 9.00 k", self.page.text)
        self.assertIn("| 8.00 k **8.0×** (7.00 k – 9.00 k) |", self.markdown)

    def test_says_what_was_not_reached_or_lost(self):
        reached = self.cell("memory", "idle_100", "flask")
        self.assertEqual(reached.text, "80 of 100 connections opened in 40 s")
        self.assertIn(reached.text, self.page.text)
        self.assertIn("17 <lost>", self.page.text)

    def test_says_that_a_room_did_not_recover_and_bounds_the_ratio(self):
        self.assertEqual(
            self.cell("stall", "silence_ms", "fastapi").text, "did not recover in 3.00 s"
        )
        self.assertEqual(self.cell("stall", "silence_ms", "cpp").ratio, "under 1/100")
        self.assertEqual(self.cell("stall", "fate", "cpp").text, "closed with 1013")

    def test_an_unexpected_result_is_not_as_listed(self):
        rows = made_up_behaviour()
        self.assertEqual([row["name"] for row in rows], ["20_echo", "ghost"])
        self.assertFalse(behaviour.is_as_listed(rows))
        rows[0]["cells"]["cpp"]["status"] = behaviour.PASSED
        self.assertTrue(behaviour.is_as_listed(rows))


class TheFigures(unittest.TestCase):
    def test_spread(self):
        found = figures.spread([3.0, None, 1.0, 2.0, 10.0])
        self.assertEqual((found.median, found.low, found.high, found.count), (2.5, 1.0, 10.0, 4))
        self.assertIsNone(figures.spread([None]))

    def test_ratio(self):
        self.assertEqual(figures.ratio(30.0, 2.0), 15.0)
        self.assertIsNone(figures.ratio(30.0, 0.0))
        values = (22.4, 1.44, 1.0, 0.83, 0.25, 0.1, 0.004, None)
        texts = [figures.ratio_text(times) for times in values]
        self.assertEqual(texts, ["22×", "1.4×", "1×", "0.83×", "1/4.0", "1/10", "1/250", "–"])

    def test_numbers_are_short_and_lose_no_digit_before_the_point(self):
        texts = [figures.rate(value) for value in (1234567, 999.6, 12345, 776.4, 0)]
        self.assertEqual(texts, ["1.23 M", "1.00 k", "12.3 k", "776", "0"])
        texts = [figures.milliseconds(value) for value in (0.0123, 0.5, 9.999, 74.1, 999.7, 12345)]
        self.assertEqual(texts, ["0.012 ms", "0.500 ms", "10.0 ms", "74.1 ms", "1.00 s", "12.3 s"])

    def test_rounds_are_interleaved(self):
        plan = make_plan(quick=False)
        order = [(number, stack.name) for number, visit, stack in visits_in_order(plan)]
        self.assertEqual(order[:3], [(1, stack) for stack in STACKS])
        self.assertEqual(order, sorted(order, key=lambda step: step[0]))
        self.assertEqual(len(order), 3 * sum(visit.rounds for visit in plan.visits))

    def test_a_frozen_room_is_told_from_a_slow_one(self):
        load = next(load for load in LOADS if load.kind == "stall")

        def recovered(lost, lost_by_some, silence):
            report = {
                "settings": {"stalled": 1},
                "opening": {"latency": {"count": 11}, "seconds": 0.1},
                "server": {},
                "traffic": {
                    "longest_silence_ms": silence,
                    "check": {"lost": lost, "lost_by_some": lost_by_some},
                    "stalled": {"closed": 0, "codes": {}},
                },
            }
            return digest(load, report)["recovered"]

        self.assertFalse(recovered(13088, 68, 3275.0))
        self.assertTrue(recovered(17, 17, 1500.0))
        self.assertTrue(recovered(0, 0, 1500.0))

    def test_connections_that_did_not_open_are_said(self):
        said = "chat_load: 1024 of 5000 connections are ready, and the time for it is over\n"
        text = explain(LOADS[0], said)
        self.assertEqual(text, "1,024 of 5,000 connections opened in 30 s")
        self.assertEqual(explain(LOADS[0], "chat_load: it is late\n"), "it is late")

    def test_lines_of_code(self):
        python = '"""Doc\nstring."""\n\n# no\n'
        python += 'def f():\n    """Doc."""\n    return """a\nb"""  # c\n'
        self.assertEqual(lines.python_lines(python), 3)
        cpp = "// a\n/* b\n c */ int x = 1'000;  // d\n\n"
        cpp += 'auto s = "// no /*";\nauto r = R"(\n// no\n)";\n'
        self.assertEqual(lines.cpp_lines(cpp), 5)


def processes_of(mark):
    """The processes, but for dead ones, whose environment holds the mark."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (process / "environ").read_bytes():
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                if command:
                    found[int(process.name)] = command
    return found


class TheProcesses(unittest.TestCase):
    def start(self, *options, **environment):
        self.mark = f"COMPARE_TEST={uuid.uuid4()}"
        name, _, value = self.mark.partition("=")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        process = subprocess.Popen(
            [PYTHON, "-m", "compare", "--quick", "--output", folder.name, *options],
            cwd=ROOT / "scripts",
            env={**os.environ, name: value, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()
        for pid in processes_of(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait_for_commands(self, process, *patterns):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            commands = processes_of(self.mark).values()
            if all(any(re.search(wanted, command) for command in commands) for wanted in patterns):
                return
            if process.poll() is not None:
                raise AssertionError(f"it ended:\n{process.communicate()[0]}")
            time.sleep(0.02)
        raise AssertionError(f"waited in vain for {patterns}, there is {list(commands)}")

    def interrupt(self, process):
        # Whoever is impatient presses Ctrl-C more than once.
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 130, output)
        self.assertRegex(output, r"stopping…\n(?s:.*)stopped")
        self.assertNotIn("Traceback", output)
        self.assertEqual(processes_of(self.mark), {})

    def test_ctrl_c_while_conversations_are_played_leaves_no_process(self):
        process = self.start()
        # The runners, and servers of theirs.
        runners = [rf"run\.py --stack {stack}" for stack in STACKS]
        self.wait_for_commands(process, *runners, r"uvicorn .*fastapi_app", r"chapter08 --host")
        self.interrupt(process)

    def test_ctrl_c_while_it_measures_leaves_no_process(self):
        process = self.start("--no-conversations")
        self.wait_for_commands(process, r"flask_socketio_app\.py", r"chat_load \w+ ws://")
        self.interrupt(process)

    def test_a_server_that_does_not_start_shows_the_end_of_its_log(self):
        with tempfile.TemporaryDirectory() as folder:
            # Python's servers are started before it; they are stopped all the same.
            program = Path(folder) / "chapter08"
            program.write_text("#!/bin/sh\necho 'the address is taken'\nexit 1\n")
            program.chmod(0o755)
            process = self.start(CHAPTER08=str(program))
            output, _ = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 1, output)
        self.assertIn("cpp did not start:\nthe address is taken", output)
        self.assertNotIn("Traceback", output)
        self.assertEqual(processes_of(self.mark), {})


class TheScript(unittest.TestCase):
    def run_script(self, *options):
        script = str(ROOT / "scripts" / "compare.sh")
        return subprocess.run(
            [script, *options], capture_output=True, text=True, timeout=DEADLINE, check=False
        )

    def test_lists_the_faults(self):
        done = self.run_script("--list-faults")
        names = {path.stem for path in (ROOT / "tests/conformance/faults").glob("*.chat")}
        self.assertEqual({line.split()[0] for line in done.stdout.splitlines()}, names)
        self.assertTrue(all(len(line.split()) > 3 for line in done.stdout.splitlines()))

    def test_refuses_what_it_does_not_know(self):
        for options in (["--fault", "nobody"], ["--fault"], ["--fast"], ["--output"]):
            done = self.run_script(*options)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("error: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
