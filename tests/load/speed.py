#!/usr/bin/env python3
"""Compares two builds of the server, as fast as they are, and puts the log to the test.

    python3 tests/load/speed.py --before OLD/chapter08 --after build/release/chapter08/chapter08

The rounds go through all rows and servers in turn, so that what disturbs the machine disturbs each
of them alike, and each run has a fresh server. The result is the median of the rounds. What is
compared is counted for each second of the server's CPU, all its threads together.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NO_LIMITS = (
    "--message-rate 0 --max-text-length 0 --max-connections 0 --max-connections-per-address 0 "
    "--connection-rate 0 --request-rate 0 --client-rate-in 0 --client-rate-out 0 "
    "--log-level critical"
).split()
START_DEADLINE = 10.0
RUN_DEADLINE = 300.0

Figures = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A load, the servers that it is put on, and what has to come of it."""

    name: str
    title: str
    load: str
    figure: str
    servers: tuple[str, ...]
    ratio: float | None = None  # of the last server to the first
    least: float | None = None
    most: float | None = None
    samples: dict[str, list[Figures]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


PER_CPU = "delivered_per_cpu_second"
ROWS = (
    Row("chat-100", "chat, 100 members, 4 send", "chat -c 100 -s 4 -w 1", PER_CPU,
        ("before", "after"), ratio=0.95),
    Row("busy-100", "chat, 100 members, 10 send, 16 in flight", "chat -c 100 -s 10 -w 16", PER_CPU,
        ("before", "after"), ratio=0.95),
    Row("chat-1000", "chat, 1,000 members, 4 send", "chat -c 1000 -s 4 -w 1", PER_CPU,
        ("before", "after"), ratio=0.95),
    Row("join-10000", "10,000 members join, 64 at a time", "chat -c 10000 -s 4 -w 1 --concurrency 64",
        "opening_seconds", ("after",), most=10.0),
    Row("chat-10000", "chat, 10,000 members, 4 send", "chat -c 10000 -s 4 -w 1 --concurrency 64",
        PER_CPU, ("after",)),
    Row("chat-100-database", "chat, 100 members, 4 send, --database", "chat -c 100 -s 4 -w 1",
        PER_CPU, ("before", "database"), ratio=0.85),
    Row("rate-100-database", "chat, 100 members, 500 messages a second, --database",
        "chat -c 100 -s 4 --rate 500", PER_CPU, ("before", "database"), ratio=0.85),
    Row("acks-database", "acks, 100 send, 16 in flight, --database",
        "chat -c 100 -s 100 -w 16 --acks", "acknowledged_per_second", ("database",), least=20_000),
    Row("acks-memory", "acks, 100 send, 16 in flight, in memory",
        "chat -c 100 -s 100 -w 16 --acks", "acknowledged_per_second", ("after",)),
    Row("recovery", "recovery, 1,000 clients, 200 messages each", "recover -c 1000 --behind 200",
        "recovery_seconds", ("after",), most=2.0),
    Row("recovery-database", "recovery, 1,000 clients, 200 messages each, --database",
        "recover -c 1000 --behind 200", "recovery_seconds", ("database",), most=2.0),
)  # fmt: skip


class RunError(Exception):
    """The load tool could not measure, and says why."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(argv: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers, and is gone afterwards."""
    process = subprocess.Popen(argv)
    try:
        deadline = time.monotonic() + START_DEADLINE
        while True:
            if process.poll() is not None:
                raise SystemExit(f"{' '.join(argv)}\nended with {process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise SystemExit(f"{argv[0]} does not listen after {START_DEADLINE:.0f} s")
                time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def size_of(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.iterdir())


def put_load(row: Row, server: str, options: argparse.Namespace) -> Figures:
    """One run of the load tool against a fresh server."""
    port = free_port()
    binary = options.before if server == "before" else options.after
    directory = Path(tempfile.mkdtemp(prefix="speed-", dir=options.directory))
    argv = [str(binary), "--port", str(port), *NO_LIMITS]
    if server == "database":
        argv += ["--database", str(directory / "chat.db")]
    try:
        with running(argv, port) as process:
            mode, *load = row.load.split()
            command = [str(options.tool), mode, f"ws://127.0.0.1:{port}/ws/chat/{{user}}", *load]
            if mode == "chat":
                command += ["--warm-up", "1", "--duration", str(options.duration)]
            command += ["--connect-timeout", "120", "--pid", str(process.pid), "--format", "json"]
            finished = subprocess.run(command, capture_output=True, text=True, timeout=RUN_DEADLINE)
            if not finished.stdout:
                raise RunError(finished.stderr.strip())
            figures = digest(json.loads(finished.stdout))
            figures["disk_bytes"] = size_of(directory)
            return figures
    finally:
        shutil.rmtree(directory)


def digest(report: Figures) -> Figures:
    """What the table needs of the load tool's report."""
    server = report["server"]
    figures = {
        "problems": report["problems"],
        "opening_seconds": report["opening"]["seconds"],
        "server_share": server.get("cpu_share", 0),
        "server_cpu": server.get("cpu_seconds", 0),
        "client_share": report["client"]["cpu_share"],
        "peak_kib": (server["during"] or {}).get("peak_kib"),
    }
    if traffic := report.get("traffic"):
        figures[PER_CPU] = server.get(PER_CPU, 0)
        figures["delivered_per_second"] = traffic["delivered_per_second"]
        figures["latency"] = traffic["latency"]
        figures["messages"] = traffic["check"]["sent"]
        if acks := traffic.get("acks"):
            figures["acknowledged_per_second"] = acks["acknowledged_per_second"]
            figures["acknowledged_per_cpu_second"] = server.get("acknowledged_per_cpu_second", 0)
            figures["ack_latency"] = acks["latency"]
    if recovery := report.get("recovery"):
        figures["recovery_seconds"] = recovery["seconds"]
        figures["latency"] = recovery["latency"]
        figures["messages"] = recovery["messages"]
    return figures


def measure_sync(directory: Path, count: int = 300) -> Figures:
    """What it costs to append 4 KiB to a file and have the disk keep it, in milliseconds."""
    times = []
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        block = os.urandom(4096)
        for _ in range(count):
            began = time.perf_counter()
            file.write(block)
            file.flush()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    times.sort()
    return {"p50_ms": times[count // 2], "p99_ms": times[count * 99 // 100], "max_ms": times[-1]}


def median(samples: list[Figures], figure: str) -> float:
    return statistics.median(sample[figure] for sample in samples)


def latency_text(samples: list[Figures], name: str) -> str:
    p50 = statistics.median(sample[name]["p50_ms"] for sample in samples)
    p99 = statistics.median(sample[name]["p99_ms"] for sample in samples)
    return f"{p50:.2f} / {p99:.2f}"


def number(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def cpu_text(samples: list[Figures]) -> str:
    """What share of a core the server got, and what it did with a second of it."""
    text = f"{statistics.median(sample['server_share'] for sample in samples):.0%}"
    if "acknowledged_per_cpu_second" in samples[0]:
        return f"{text}, {median(samples, 'acknowledged_per_cpu_second'):,.0f} acks a CPU second"
    if "recovery_seconds" in samples[0]:
        return f"{text}, {median(samples, 'server_cpu'):.2f} CPU seconds"
    return text


def verdict(row: Row) -> tuple[str, bool]:
    """The target in words, and whether it is met."""
    last = median(row.samples[row.servers[-1]], row.figure)
    if row.ratio is not None:
        first = median(row.samples[row.servers[0]], row.figure)
        ratio = last / first if first else 0.0
        return f"{ratio:.3f}× of before (≥ {row.ratio}×)", ratio >= row.ratio
    if row.least is not None:
        return f"≥ {row.least:,.0f}", last >= row.least
    if row.most is not None:
        return f"≤ {row.most} s", last <= row.most
    return "", True


def print_row(row: Row) -> bool:
    if not all(row.samples[server] for server in row.servers):
        print(f"| {row.title} | | no result |")
        return False
    text, met = verdict(row)
    text += "" if met else " MISSED"
    for server in row.servers:
        samples = row.samples[server]
        values = sorted(sample[row.figure] for sample in samples)
        disk = statistics.median(sample["disk_bytes"] for sample in samples) / 2**20
        print(
            f"| {row.title} | {server} | {number(median(samples, row.figure))} "
            f"| {number(values[0])} – {number(values[-1])} | {latency_text(samples, 'latency')} "
            f"| {latency_text(samples, 'ack_latency') if 'ack_latency' in samples[0] else ''} "
            f"| {cpu_text(samples)} | {median(samples, 'peak_kib') / 1024:.1f} | {disk:.1f} "
            f"| {text if server == row.servers[-1] else ''} |"
        )
    return met


def print_problems(row: Row) -> bool:
    """What the load tool complained of; a run that lost messages says nothing about speed."""
    problems = row.failures + [
        f"{row.title}, {server}, round {n}: {problem}"
        for server, samples in row.samples.items()
        for n, sample in enumerate(samples, 1)
        for problem in sample["problems"]
    ]
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return not problems


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--before", type=Path, required=True, help="the server to compare with")
    parser.add_argument("--after", type=Path, default=ROOT / "build/release/chapter08/chapter08")
    parser.add_argument("--tool", type=Path, default=ROOT / "build/release/tests/load/chat_load")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--duration", type=float, default=3, help="seconds of each chat")
    parser.add_argument("--directory", type=Path, help="where databases are put: a real disk")
    parser.add_argument("--only", action="append", choices=[row.name for row in ROWS])
    parser.add_argument("--json", type=Path, help="a file for all figures of all rounds")
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    rows = [row for row in ROWS if not options.only or row.name in options.only]
    directory = Path(options.directory or tempfile.gettempdir())
    syncs = [measure_sync(directory)]
    for number_of_round in range(1, options.rounds + 1):
        for row in rows:
            # Each is first as often as the other.
            for server in row.servers[:: 1 if number_of_round % 2 else -1]:
                print(f"round {number_of_round}: {row.title}: {server}", file=sys.stderr)
                try:
                    row.samples.setdefault(server, []).append(put_load(row, server, options))
                except RunError as error:
                    row.failures.append(f"{row.title}, {server}, no result: {error}")
        syncs.append(measure_sync(directory))
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
          f"medians of {options.rounds}")  # fmt: skip
    print(f"one write of 4 KiB with fdatasync: p50 {median(syncs, 'p50_ms'):.2f} ms, "
          f"p99 {median(syncs, 'p99_ms'):.2f} ms\n")  # fmt: skip
    print("| load | server | median | range | p50 / p99 ms | acks p50 / p99 ms | CPU | "
          "peak MiB | disk MiB | target |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    met = [print_row(row) for row in rows] + [print_problems(row) for row in rows]
    if options.json:
        samples = {row.name: row.samples for row in rows}
        options.json.write_text(json.dumps({"syncs": syncs, "samples": samples}, indent=1))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
