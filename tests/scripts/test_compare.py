"""What scripts/compare.sh makes of its measurements, and that it leaves no process behind."""

import contextlib
import dataclasses
import io
import json
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

from compare import against, behaviour, chapter, classroom, figures, lines  # noqa: E402
from compare.__main__ import write_reports  # noqa: E402
from compare.curves import Curve, Point, curve_chart  # noqa: E402
from compare.digest import digest, explain, fell, unite  # noqa: E402
from compare.figures import Spread  # noqa: E402
from compare.headlines import headlines  # noqa: E402
from compare.machine import Others  # noqa: E402
from compare.measure import visits_in_order  # noqa: E402
from compare.plan import QUICK_RATES, make_plan  # noqa: E402
from compare.tables import count_disturbed, make_sections  # noqa: E402

PYTHON = "/usr/bin/python3"  # Debian's own, which has the packages of the two Python stacks
LOADS = make_plan(quick=True).loads
STACKS = ("flask", "flask_corrected", "fastapi", "fastapi_corrected", "cpp")
DEADLINE = 30  # seconds, for whatever is waited for


def traffic(per_second, p99_ms):
    return {
        "per_second": per_second,
        "per_cpu_second": per_second * 2,
        "p50_ms": p99_ms / 2,
        "p99_ms": p99_ms,
        "p99_9_ms": p99_ms * 1.5,
        "max_ms": p99_ms * 2,
        "problems": [],
    }


def made_up_samples():
    def of(flask, fastapi, cpp):
        # The corrected programs do as the others do, but FastAPI's doesn't freeze.
        corrected = [{**sample, "recovered": True} for sample in fastapi]
        of_flask, of_fastapi = (flask, list(flask)), (fastapi, corrected)
        return dict(zip(STACKS, (*of_flask, *of_fastapi, cpp)))

    def offered(rate):
        """Flask keeps up with nothing, FastAPI with the first load, C++ with all."""
        whole, late = traffic(rate * 100.0, 2.0), traffic(4000.0, 9000.0)
        python = [whole, {**whole, "p99_ms": 4.0}, late] if rate == QUICK_RATES[0] else [late] * 3
        return of([late], python, [whole])

    slow, fast = [traffic(500.0, 40.0)], [traffic(n, 0.5) for n in (7000.0, 9000.0, 8000.0)]
    usual = [traffic(n, 5.0) for n in (900.0, 1000.0, 1300.0)]
    waits = {"recovered": True, "closed_with": "", "problems": []}
    few = {"failed": "80 of 100 connections opened in 40 s"}
    return {f"offered_{rate}": offered(rate) for rate in QUICK_RATES} | {
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
        "quick": True,
        "method": "Made up.",
        "warnings": ["Not <real>."],
        "machine": {"Processor": "abacus"},
        "versions": {"Boost": "1.81"},
        "servers": {"C++": "chapter08"},
        "loads": {"Echo": "echo"},
        "behaviour": made_up_behaviour(),
        "samples": made_up_samples(),
        "plan": [dataclasses.asdict(load) for load in LOADS],
        "classroom": {
            "start_ms": {stack: [500.0, 510.0] for stack in STACKS},
            "change_ms": {"fastapi_corrected": [500.0], "cpp": [9000.0]},
            "run_mib": {"fastapi_corrected": [90.0], "cpp": [80.0]},
            "build_mib": {"cpp": [700.0]},
        },
        "workers": {
            "uvicorn_2": [{"chats": 2, "per_second": 9.0, "lost_share": 0.5}],
            "cpp_2": [{"chats": 1, "per_second": 90.0, "per_cpu_second": 45.0, "p99_ms": 1.0}],
        },
        "lines": {
            "flask": {"program": 80, "layer": 0},
            "flask_corrected": {"program": 400, "layer": 0},
            "fastapi": {"program": 200, "layer": 0},
            "fastapi_corrected": {"program": 500, "layer": 0},
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
        cls.sections = make_sections(
            LOADS, result["samples"], result["lines"], result["classroom"]
        )
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
            for row in (row for row in section.rows if row.label[0] not in "0123456789"):
                if row.better and len([c for c in row.cells.values() if c.spread]) > 1:
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
        self.assertEqual(self.cell("stall", "silence_ms", "fastapi_corrected").text, "3.00 s")
        self.assertEqual(self.cell("stall", "silence_ms", "cpp").ratio, "1/100")
        self.assertEqual(self.cell("stall", "fate", "cpp").text, "closed with 1013")

    def test_python_wins_come_first_and_ratios_are_to_the_corrected_program(self):
        found = headlines(self.sections, made_up_behaviour())
        winners = [line.winner for line in found]
        self.assertEqual(winners, sorted(winners, key=lambda name: name == "cpp"))
        self.assertIn("500 in FastAPI, 900 in C++", {line.detail for line in found})
        self.assertLess(self.html.index("Where Python wins"), self.html.index("Where C++ wins"))

    def test_at_the_same_load_a_stack_carries_it_or_falls(self):
        first, second = (f"offered_{rate}" for rate in QUICK_RATES[:2])
        kept = self.cell("offered", first, "fastapi_corrected")
        # Two of three rounds carried it, and only those are counted.
        self.assertEqual((kept.text, kept.spread.count), ("3.00 ms", 2))
        self.assertIn("fell in 1 of 3 rounds", kept.note)
        self.assertTrue(self.cell("offered", second, "fastapi_corrected").text.startswith("falls"))
        self.assertEqual(self.cell("offered", second, "cpp").text, "2.00 ms")
        self.assertIn("FastAPI, corrected: up to 5.00 k/s", self.html)
        self.assertIn("C++: up to 320 k/s and more", self.html)

    def test_says_how_many_chats_several_workers_are(self):
        for text in (self.page.text, self.markdown):
            self.assertIn("2: they don’t hear each other", text)
            self.assertIn("50%", text)

    def test_fills_chapter_13_in_both_languages(self):
        result = made_up_result() | {"machine": {"Processor": "abacus", "Cores": "2"}}
        result["machine"] |= {"Kernel": "6", "System": "Debian"}
        for language, word in (("en", "falls"), ("zh", "撐不住")):
            page = "".join(f"<!-- figures {name} -->\nold\n<!-- /figures -->\n"
                           for name in ("offered", "cost", "class", "workers", "nothing"))  # fmt: skip
            text = chapter.fill(page, chapter.tables(result, self.sections, language))
            self.assertEqual(text.count("old"), 1)  # of what there is nothing about
            self.assertIn(f"| 20,000 | {word} | {word} | {word} | {word} | 2.00 ms |", text)
            self.assertIn("8.0×", text)
            for row in chapter._ZH if language == "zh" else ():
                self.assertNotRegex(text, rf"\| {re.escape(row)} \|")

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
        self.assertEqual(order[: len(STACKS)], [(1, stack) for stack in STACKS])
        self.assertEqual(order, sorted(order, key=lambda step: step[0]))
        self.assertEqual(len(order), len(STACKS) * sum(visit.rounds for visit in plan.visits))

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

    def test_a_stack_falls_when_it_delivers_less_or_too_late(self):
        load = next(load for load in LOADS if load.rate == 200)
        enough = {"per_second": 19_900.0, "p50_ms": 3.0}
        self.assertFalse(fell(load, enough))
        self.assertTrue(fell(load, enough | {"per_second": 19_000.0}))
        self.assertTrue(fell(load, enough | {"p50_ms": 1500.0}))
        self.assertTrue(fell(load, {"failed": "the server ended"}))

    def test_growth_is_from_the_first_wave_to_the_last(self):
        def wave(kib):
            return {"rss_kib": kib, "problems": [], "others": 0.0}

        found = unite([wave(2048), wave(3000), wave(2148)])
        self.assertEqual((found["first_mib"], found["growth_kib"]), (2.0, 50.0))
        self.assertIn("failed", unite([wave(2048), {"failed": "the server ended"}]))

    def test_noise_is_told_from_a_difference(self):
        def judge(was, now, better="more"):
            spreads = (Spread(m, low, high, 3) for m, low, high in (was, now))
            return against.judge(*spreads, better)

        self.assertEqual(judge((100, 90, 110), (115, 105, 120)), against.NOISE)  # ranges meet
        self.assertEqual(judge((100, 99, 101), (104, 103, 105)), against.NOISE)  # too little
        self.assertEqual(judge((100, 90, 110), (150, 140, 160)), against.BETTER)
        self.assertEqual(judge((100, 90, 110), (150, 140, 160), "less"), against.WORSE)
        self.assertEqual(judge((100, 90, 110), (150, 140, 160), ""), against.OTHER)
        once = (Spread(100, 100, 100, 1), Spread(120, 120, 120, 1))
        self.assertEqual(against.judge(*once, "less"), against.NOISE)

    def test_two_reports_are_compared(self):
        old, new = made_up_result(), made_up_result()
        new["lines"]["cpp"]["program"] = 2000
        with tempfile.TemporaryDirectory() as folder, io.StringIO() as said:
            for name, result in (("old", old), ("new", new)):
                (Path(folder) / name).mkdir()
                text = json.dumps(result)
                (Path(folder) / name / "results.json").write_text(text, encoding="utf-8")
            with contextlib.redirect_stdout(said):
                status = against.print_comparison(Path(folder) / "old", Path(folder) / "new")
            lines_said = said.getvalue().splitlines()
        self.assertEqual(status, 1)
        self.assertRegex(lines_said[-1], r"worse +\+122% +C\+\+ +900 → 2,000 +Lines of code")
        self.assertEqual(sum(line.startswith("worse") for line in lines_said), 1)

    def test_what_others_take_of_the_machine_is_seen(self):
        others = Others(os.getpid())
        busy = subprocess.Popen(["sh", "-c", "while :; do :; done"])
        try:
            stat, end = Path(f"/proc/{busy.pid}/stat"), time.monotonic() + DEADLINE
            while int(stat.read_text().split()[13]) < 40 and time.monotonic() < end:  # ticks
                time.sleep(0.02)
            of_another = others.share()
        finally:
            busy.kill()
            busy.wait()
        self.assertGreater(of_another, 0)
        # What this process has started and waited for is no other program's.
        self.assertLess(others.share(), of_another)
        quiet, loud = {"others": 0.01}, {"others": 0.5}
        self.assertEqual(count_disturbed({"echo": {"cpp": [quiet, loud, {}]}}), (1, 3))

    def test_a_chart_says_where_each_line_ends(self):
        points = (Point(5000, 1, 2, 3), Point(20000, 2, 4, 9))
        svg = curve_chart("Times", [Curve("A", "cpp", points, 80000), Curve("B", "flask", (), 5000)])
        self.assertIn("A: up to 20.0 k/s; B: less than 5.00 k/s", svg)
        self.assertEqual(svg.count('class="cross'), 2)

    def test_what_packages_need_is_counted_once(self):
        installed = classroom.Installed()
        alone = installed.mib(["python3-fastapi"])
        self.assertEqual(installed.mib(["python3-fastapi", "python3-starlette"]), alone)
        self.assertGreater(alone, 1)
        self.assertEqual(installed.mib(["base-files", "no-such-package"]), 0)

    def test_connections_that_did_not_open_are_said(self):
        said = "chat_load: 1024 of 5000 connections are ready, and the time for it is over\n"
        text = explain(LOADS[0], said)
        self.assertEqual(text, "1,024 of 5,000 connections opened in 30 s")
        self.assertEqual(explain(LOADS[0], "chat_load: it is late\n"), "it is late")

    def test_lines_of_code(self):
        python = '"""Doc\nstring."""\n\n# no\n'
        python += 'def f():\n    """Doc."""\n    return 1  # c\n'
        cpp = "// a\n/* b\n c */\nint x = 1'000;  // d\n\nint y;\n"
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("a.py", python), ("b.cpp", cpp), ("c.hpp", "\n// d\n#pragma once\n")):
                (Path(folder) / name).write_text(text)
            self.assertEqual(lines.cloc([folder]), 5)
        self.assertTrue(all(of["program"] > 50 for of in lines.count_lines().values()))


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
        runners = [rf"run\.py --stack {stack} " for stack in STACKS]
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
