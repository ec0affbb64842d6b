#!/usr/bin/python3
"""Plays the conversations of this folder against the chat's stacks: C++, FastAPI (the original
tutorial's program, and a corrected one) and Flask-SocketIO.

    run.py                              every scenario on every stack
    run.py --stack fastapi 40_broadcast one scenario on one stack
    run.py --stack cpp console.chat     a conversation of your own, from the console of /docs
    run.py --stack cpp --url http://127.0.0.1:8000
                                        against a server that runs already, with its defaults
    run.py --contract                   also holds what the C++ chat sends against /asyncapi.json
    run.py --chapter 01 --chapter 05_broadcast
                                        the programs of chapters of the tutorial (all: of every one)
    run.py --transport sse              by Server-Sent Events and POST: every scenario of the chat
                                        that needs no frames of a WebSocket's own; C++ only
    run.py --fault ghost --stack fastapi --stack cpp
                                        one fault on two stacks, the transcripts side by side

The C++ programs are those of build/release, compiled anew where a source has changed; CHAPTER08 and
CHAPTER08_STEPS name others.

Exit status: 0 when every stack behaves as its list of known failures says, 1 when not, 2 for a
mistake in the command line, in a scenario or in a list.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from player import report, transcript  # noqa: E402
from player.build import BuildError, build  # noqa: E402
from player.chapters import SOURCES, find_chapters, load_chapter  # noqa: E402
from player.contract import Contract  # noqa: E402
from player.known import KNOWN, judge, load_known_failures  # noqa: E402
from player.outcome import Outcome  # noqa: E402
from player.play import Player  # noqa: E402
from player.scenario import STACKS, Scenario, ScenarioError, load, load_all  # noqa: E402
from player.redis_server import RedisError  # noqa: E402
from player.server import Server, ServerError  # noqa: E402

Results = list[dict[str, Any]]


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="names of scenarios, or .chat files (all by default)")
    parser.add_argument(
        "--stack", action="append", choices=STACKS, help="which server; may be repeated"
    )
    parser.add_argument("--url", help="a running server of the one --stack, instead of a new one")
    parser.add_argument(
        "--chapter", action="append", metavar="NAME", help="of the tutorial; may be repeated; or all"
    )
    parser.add_argument(
        "--transport", choices=("websocket", "sse"), default="websocket", help="how clients connect"
    )
    parser.add_argument("--fault", metavar="NAME", help="play one of faults/ and show who got what")
    parser.add_argument(
        "--contract", action="store_true", help="hold what the C++ chat sends against /asyncapi.json"
    )
    parser.add_argument("--json", metavar="FILE", help="write the results to FILE (- for stdout)")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    parser.add_argument("--verbose", action="store_true", help="say what differs in known failures")
    parser.add_argument("--color", action="store_true", help="colours, also without a terminal")
    arguments = parser.parse_args()
    if arguments.transport == "sse":
        if arguments.stack not in (None, ["cpp"]) or arguments.chapter or arguments.fault:
            parser.error("--transport sse is for the whole chat in C++")
        arguments.stack = ["cpp"]
    arguments.stack = list(dict.fromkeys(arguments.stack or STACKS))
    if arguments.url and len(arguments.stack) != 1:
        parser.error("--url needs exactly one --stack")
    if arguments.chapter and arguments.fault:
        parser.error("--fault is for the whole chat, not for a --chapter")
    return arguments


class Servers:
    """Gives each scenario a server with its settings, the same one as long as it is clean."""

    def __init__(
        self,
        stack: str,
        url: str | None,
        chapter: str | None = None,
        has_contract: bool = False,
        transport: str = "websocket",
    ) -> None:
        self._stack = stack
        self._has_contract = has_contract
        self._seen: set[str] = set()
        self.transport = transport
        self._url = url
        self._chapter = chapter
        self._server: Server | None = None
        self._needs: tuple[tuple[str, ...], str, bool] = ((), "", False)
        self.contract: Contract | None = None  # of the last server; it has seen what all sent

    async def get(self, scenario: Scenario) -> Server:
        needs = (scenario.needs, scenario.program, scenario.has_two_servers)
        if self._url:
            server = Server(self._stack, urlsplit(self._url).port or 80, self._chapter)
            return await self._with_contract(server)
        if self._server and self._needs != needs:
            await self.drop()
        if not self._server:
            self._server = await Server.start(
                self._stack, scenario.needs, self._chapter, scenario.program, scenario.has_two_servers
            )
            self._needs = needs
            await self._with_contract(self._server)
        return self._server

    async def _with_contract(self, server: Server) -> Server:
        if self._has_contract:
            server.contract = await Contract.fetch(server.port)
            server.contract.seen = self._seen
            self.contract = server.contract
        return server

    async def drop(self, at_once: bool = False) -> None:
        """Stops the server, so that the next scenario gets a new one."""
        if self._server:
            server, self._server = self._server, None
            await server.stop(at_once)

    def can_play(self, scenario: Scenario) -> bool:
        if self._stack not in scenario.stacks:
            return False
        if self.transport == "sse" and not scenario.fits_events:
            return False
        elsewhere = scenario.needs or scenario.program or scenario.stops_the_server
        elsewhere = elsewhere or scenario.has_two_servers
        return not self._url or not elsewhere


async def play(servers: Servers, scenario: Scenario, known: bool, to_the_end: bool) -> Outcome:
    """Plays one scenario on a server that holds nobody."""
    server = await servers.get(scenario)
    try:
        outcome = await Player(scenario, server, known, to_the_end, servers.transport).play()
    except BaseException:
        # After Ctrl-C nobody waits for a server that waits for a reader who is stuck.
        await servers.drop(at_once=True)
        raise
    if outcome.left_behind or scenario.stops_the_server:
        await servers.drop()
    elif server.process and server.process.returncode is not None:
        outcome.differences += ["the server ended", *(f"    {line}" for line in server.log)]
        await servers.drop()
    return outcome


async def run_stack(
    stack: str,
    scenarios: list[Scenario],
    known: dict[str, str],
    arguments: argparse.Namespace,
    chapter: str | None = None,
) -> Results:
    """Plays the scenarios on one stack; returns their results."""
    has_contract = arguments.contract and stack == "cpp" and not chapter
    servers = Servers(stack, arguments.url, chapter, has_contract, arguments.transport)
    results = []
    began = time.monotonic()
    try:
        for scenario in sorted(scenarios, key=lambda scenario: (scenario.needs, scenario.program)):
            if not servers.can_play(scenario):
                results.append(report.skipped_json(scenario, stack))
                continue
            outcome = await play(servers, scenario, scenario.name in known, False)
            verdict = judge(outcome, known)
            report.print_verdict(verdict, arguments.color, arguments.verbose)
            results.append(report.scenario_json(verdict))
    finally:
        await servers.drop()
    of = f"{chapter}, " if chapter else ""
    if servers.contract and servers.contract.unseen():
        print(f"in /asyncapi.json, but never sent: {', '.join(sorted(servers.contract.unseen()))}")
    print(f"{of}{stack}: {_tally(results)} in {time.monotonic() - began:.1f} s\n", flush=True)
    return results


async def side_by_side(runs: Iterable[Callable[[], Awaitable[Results]]]) -> Results:
    """The results of some runs in their order; as many run at once as there are cores."""
    cores = asyncio.Semaphore(os.cpu_count() or 1)

    async def one(run: Callable[[], Awaitable[Results]]) -> Results:
        async with cores:
            return await run()

    tasks = [asyncio.create_task(one(run)) for run in runs]
    try:
        return [result for task in tasks for result in await task]
    finally:
        for task in tasks:
            task.cancel()  # after a mistake in one, the others stop their servers
        await asyncio.gather(*tasks, return_exceptions=True)


async def run_scenarios(arguments: argparse.Namespace, scenarios: list[Scenario]) -> Results:
    """Plays the whole chat's conversations."""
    names = {scenario.name for scenario in scenarios}
    wanted = [s for s in scenarios if not arguments.names or s.name in arguments.names]
    runs = []
    for stack in arguments.stack:
        file = stack if arguments.transport == "websocket" else f"{stack}_{arguments.transport}"
        known = load_known_failures(HERE / "known_failures" / f"{file}.txt", names)
        if not arguments.url:
            await build(stack)
        runs.append(partial(run_stack, stack, wanted, known, arguments))
    return await side_by_side(runs)


async def run_chapters(
    arguments: argparse.Namespace, chapters: dict[str, list[Scenario]]
) -> Results:
    """Plays the chapters' conversations: no failure is known there."""
    results = []
    for chapter, scenarios in chapters.items():
        wanted = [s for s in scenarios if not arguments.names or s.name in arguments.names]
        runs = []
        for stack in arguments.stack:
            if stack in SOURCES and any(stack in scenario.stacks for scenario in wanted):
                if not arguments.url:
                    await build(stack, chapter)
                runs.append(partial(run_stack, stack, wanted, {}, arguments, chapter))
        of_chapter = await side_by_side(runs)
        results += [{"chapter": chapter, **result} for result in of_chapter]
    return results


def conclude(arguments: argparse.Namespace, results: Results) -> int:
    """Writes the results and prints the closing line."""
    counts = {
        "passed": sum(result["status"] in ("passed", KNOWN) for result in results),
        "skipped": sum(result["status"] == "not for this stack" for result in results),
    }
    counts["failed"] = len(results) - counts["passed"] - counts["skipped"]
    if arguments.json:
        write_json(arguments.json, {**counts, "results": results})
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    return 1 if counts["failed"] else 0


def _tally(results: Iterable[dict[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for result in results:
        counts[result["status"]] = counts.get(result["status"], 0) + 1
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))


async def run_fault(arguments: argparse.Namespace, scenarios: list[Scenario]) -> int:
    """Plays one fault on each stack that it is meant for and shows the transcripts."""
    faults = {s.name: s for s in scenarios if s.path.parent.name == "faults"}
    if arguments.fault not in faults:
        raise ScenarioError(f"no fault is named {arguments.fault}; there are {', '.join(faults)}")
    fault = faults[arguments.fault]
    outcomes = []
    for stack in arguments.stack:
        servers = Servers(stack, arguments.url)
        if servers.can_play(fault):
            if not arguments.url:
                await build(stack)
            try:
                outcomes.append(await play(servers, fault, True, True))
            finally:
                await servers.drop()
    if not outcomes:
        print(f"{fault.name} is for {', '.join(fault.stacks)} only", file=sys.stderr)
        return 2
    if arguments.json:
        write_json(arguments.json, [report.transcript_json(outcome) for outcome in outcomes])
    if arguments.json != "-":
        # The stack that mends the fault stands last, and the others are held against it.
        outcomes.sort(key=lambda outcome: STACKS.index(outcome.stack), reverse=True)
        width = shutil.get_terminal_size((160, 24)).columns
        print(transcript.side_by_side(outcomes, width, arguments.color))
    return 0


def write_json(file: str, value: Any) -> None:
    """Writes a report to a file, or to standard output for `-`."""
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    if file == "-":
        sys.stdout.write(text)
    else:
        Path(file).write_text(text, encoding="utf-8")


async def main() -> int:
    """Runs what the command line asks for; SIGTERM and Ctrl-C also stop the servers."""
    arguments = parse_arguments()
    arguments.color = arguments.color or sys.stdout.isatty()
    this_task = asyncio.current_task()
    assert this_task
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, this_task.cancel)
    try:
        chapters = {name: load_chapter(name) for name in find_chapters(arguments.chapter or [])}
        scenarios = [s for of_chapter in chapters.values() for s in of_chapter]
        if not arguments.chapter:
            scenarios = load_all(HERE / "scenarios", HERE / "faults")
        files = [Path(name) for name in arguments.names if name.endswith(".chat")]
        scenarios += [load(file) for file in files]
        arguments.names = [Path(name).stem if Path(name) in files else name for name in arguments.names]
        unknown = set(arguments.names) - {scenario.name for scenario in scenarios}
        if unknown:
            raise ScenarioError(f"no scenario is named {', '.join(sorted(unknown))}; try --list")
        if arguments.list:
            for scenario in scenarios:
                print(f"{scenario.name:34} {scenario.title}  [{' '.join(scenario.stacks)}]")
            return 0
        if arguments.fault:
            return await run_fault(arguments, scenarios)
        if arguments.chapter:
            return conclude(arguments, await run_chapters(arguments, chapters))
        return conclude(arguments, await run_scenarios(arguments, scenarios))
    except (ValueError, BuildError, RedisError, ServerError) as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except asyncio.CancelledError:
        sys.exit(130)
    except BrokenPipeError:  # such as by `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        sys.exit(141)
