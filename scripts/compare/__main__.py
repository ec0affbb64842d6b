"""Compares the stacks and writes build/compare/report.html and report.md."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import datetime
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import behaviour, classroom, workers
from .against import print_comparison
from .chapter import fill_chapter
from .headlines import headlines
from .lines import count_lines
from .machine import busy_share, describe_machine, describe_versions
from .markdown import markdown_page
from .measure import count_steps, measure
from .page import html_page
from .plan import Plan, make_plan
from .progress import Progress
from .stacks import ROOT, STACKS, ServerError, Stack, command
from .tables import DISTURBED, Section, count_disturbed, make_sections

BUSY = 0.1  # share of the machine that others may use before the report warns


def parse_arguments() -> argparse.Namespace:
    """Reads the command line; scripts/compare.sh documents it."""
    parser = argparse.ArgumentParser(prog="scripts/compare.sh", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--no-conversations", action="store_true")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "compare")
    parser.add_argument("--against", type=Path)
    parser.add_argument("--chapter", action="store_true")
    return parser.parse_args()


async def compare(arguments: argparse.Namespace) -> int:
    """Plays, measures and writes the reports."""
    plan = make_plan(arguments.quick, arguments.long)
    tool = str(ROOT / os.environ.get("CHAT_LOAD", "build/release/tests/load/chat_load"))
    busy = await busy_share()
    conversations = 0 if arguments.no_conversations else behaviour.count_conversations()
    rounds = 0 if arguments.quick else workers.ROUNDS
    steps = [conversations, count_steps(plan), workers.count_steps(rounds), classroom.count_steps()]
    progress = Progress(sum(steps))
    scenarios: list[dict[str, Any]] = []
    began = time.monotonic()
    try:
        if conversations:
            scenarios = await behaviour.play(_announcer(progress))
        samples = await measure(plan, tool, progress)
        of_workers = await workers.measure_workers(tool, rounds, progress.step) if rounds else {}
        found = await classroom.look_at(progress.step, arguments.long)
    finally:
        progress.clear()
    result = {
        "date": datetime.datetime.now().astimezone().isoformat(" ", "seconds"),
        "quick": arguments.quick,
        "command": " ".join(["scripts/compare.sh", *sys.argv[1:]]),
        "minutes": (time.monotonic() - began) / 60,
        "method": _method(plan),
        "warnings": _warnings(arguments.quick, busy, samples),
        "machine": describe_machine(),
        "versions": describe_versions(),
        "servers": _server_commands(),
        "loads": {
            load.title: " ".join([load.mode, *load.command_options()]) for load in plan.loads
        },
        "plan": [dataclasses.asdict(load) for load in plan.loads],
        "behaviour": scenarios,
        "samples": samples,
        "workers": of_workers,
        "classroom": found,
        "lines": count_lines(),
    }
    sections = make_sections(plan.loads, samples, result["lines"], found)
    write_reports(result, sections, arguments.output)
    return _conclude(result, sections, arguments.output)


def write_reports(result: dict[str, Any], sections: list[Section], folder: Path) -> None:
    """Writes the reports, and what they were made of."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "report.html": html_page(result, sections),
        "report.md": markdown_page(result, sections),
        "results.json": json.dumps(result, ensure_ascii=False, indent=1) + "\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _announcer(progress: Progress) -> Callable[[Stack, str], None]:
    def announce(stack: Stack, scenario: str) -> None:
        progress.step(f"conversations, {stack.title}: {scenario}")

    return announce


def _method(plan: Plan) -> str:
    rounds = (
        "The rounds are interleaved (one of each stack, then the next round), "
        f"{plan.rounds} at most; a cell shows the median, the ratio to corrected FastAPI, and the "
        "least and greatest value (the thin line in a bar)."
        if plan.rounds > 1
        else "One round; a cell shows the value and the ratio to corrected FastAPI."
    )
    return (
        "One server runs at a time, beside the load tool alone, so that none disturbs another; "
        f"each visit begins with a fresh server. {rounds} Every message is checked by the load "
        "tool: what was lost or out of order is said in the cell, and so is what disturbed it. The "
        "figures hold for the versions below; others may be faster or slower. Flask-SocketIO runs "
        "on eventlet: its threading mode needs simple-websocket to speak WebSocket, which Debian "
        "12 doesn’t have."
    )


def _warnings(quick: bool, busy: float, samples: dict[str, Any]) -> list[str]:
    warnings = []
    if quick:
        warnings.append("A quick run: short, once each. Good for a look; not to be quoted.")
    if busy > BUSY:
        warnings.append(
            f"The machine was busy with other things when this began ({busy:.0%} of its cores"
            "): the times are worse than they would be on a quiet one."
        )
    disturbed, every = count_disturbed(samples)
    if disturbed:
        warnings.append(
            f"Other programs disturbed {disturbed} of {every} measurements: they took more than "
            f"{DISTURBED:.0%} of the machine meanwhile. These are marked; figures for each second "
            "of CPU hardly suffer, times do."
        )
    return warnings


def _server_commands() -> dict[str, str]:
    commands = {}
    for stack in STACKS:
        argv, environment = command(stack.name, stack.settings)
        words = [*(f"{name}={value}" for name, value in environment.items()), *argv]
        commands[stack.title] = " ".join(words).replace(f"{ROOT}/", "")
    commands |= {setup.title: " ".join(setup.argv) for setup in workers.SETUPS}
    return {title: text.replace(f"{ROOT}/", "") for title, text in commands.items()}


def _conclude(result: dict[str, Any], sections: list[Section], folder: Path) -> int:
    scenarios = result["behaviour"]
    winners = {True: "Where Python wins:", False: "Where C++ wins:"}
    for line in headlines(sections, scenarios):
        if title := winners.pop(line.winner != "cpp", ""):
            print(title)
        print(f"{line.figure:>14}  {line.text} ({line.detail})")
    for warning in result["warnings"]:
        print(f"note: {warning}")
    for row in scenarios:
        for stack in STACKS:
            cell = row["cells"].get(stack.name, {})
            if cell.get("status") == behaviour.UNEXPECTED:
                print(f"unexpected: {stack.title} {row['name']}: {cell['why']}")
                print("".join(f"    {line}\n" for line in cell["differences"]), end="")
    print(f"\nThe report: {folder / 'report.html'} (and report.md beside it)")
    return 0 if behaviour.is_as_listed(scenarios) else 1


async def main() -> int:
    """Runs the comparison; the first signal ends it in order, and later ones change nothing."""
    arguments = parse_arguments()
    try:
        if arguments.against:
            return print_comparison(arguments.against, arguments.output)
        if arguments.chapter:
            return fill_chapter(arguments.output)
    except FileNotFoundError as error:
        print(f"error: there is no report: {error.filename}", file=sys.stderr)
        return 1
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    this_task, loop = asyncio.current_task(), asyncio.get_running_loop()
    endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    received = 0

    # Not by loop.add_signal_handler: with the loop, that would end before this process does.
    def interrupt(number: int, _: object) -> None:
        nonlocal received
        received = number
        os.write(sys.stderr.fileno(), "stopping…\n".encode())  # print() is not for signal handlers
        for ending in endings:
            signal.signal(ending, signal.SIG_IGN)
        if this_task and not loop.is_closed():
            loop.call_soon_threadsafe(this_task.cancel)

    for ending in endings:
        signal.signal(ending, interrupt)
    try:
        return await compare(arguments)
    except asyncio.CancelledError:
        print("stopped", file=sys.stderr)
        return 128 + received
    except (ServerError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
