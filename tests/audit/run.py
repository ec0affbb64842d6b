#!/usr/bin/python3
"""Audits the chat server's delivery. scripts/audit.sh --help says how, tests/audit/README.md what."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import sys
from pathlib import Path

from auditor import notes
from auditor.audit import CLIENT_HARM, REDIS_HARM, SERVER_HARM, Plan, audit
from auditor.redis import RedisError
from auditor.report import report
from auditor.server import ServerError

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "build/release/chapter08/chapter08"


def parse_arguments() -> argparse.Namespace:
    """Reads the command line; scripts/audit.sh documents it."""
    parser = argparse.ArgumentParser(prog="scripts/audit.sh", add_help=False)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--memory", action="store_true")
    where.add_argument("--database", action="store_true")
    where.add_argument("--redis", action="store_true")
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--events", action="store_true")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--rate", type=float, default=150.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--kills", type=int)
    parser.add_argument("--harm")
    parser.add_argument("--kept", type=int)
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "audit")
    arguments = parser.parse_args()
    kinds = [*CLIENT_HARM, *SERVER_HARM]
    kinds += ["disk"] if arguments.database else REDIS_HARM if arguments.redis else []
    chosen = [*kinds] if arguments.harm is None else [each for each in arguments.harm.split(",") if each]
    kinds += ["empty"] if arguments.redis else []
    if unknown := set(chosen) - set(kinds):
        parser.error(f"no such harm here: {', '.join(sorted(unknown))} (there is {', '.join(kinds)})")
    if min(arguments.servers, arguments.workers) < 1:
        parser.error("an audit takes a server, and a server a worker")
    if arguments.clients < 2 or arguments.minutes <= 0 or arguments.rate <= 0:
        parser.error("an audit takes two clients, and a time and a rate above 0")
    arguments.kinds = tuple(chosen)
    return arguments


def main() -> int:
    """Runs the audit, and writes the report."""
    arguments = parse_arguments()
    plan = Plan(
        program=ROOT / os.environ.get("CHAPTER08", PROGRAM),
        seed=arguments.seed,
        database=arguments.database,
        workers=arguments.workers,
        servers=arguments.servers if arguments.redis else 0,
        seconds=arguments.minutes * 60,
        clients=arguments.clients,
        events=arguments.events,
        rate=arguments.rate,
        kinds=arguments.kinds,
        kills=arguments.kills,
        kept=arguments.kept,
    )
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # it ends the server, too
    try:
        result = asyncio.run(audit(plan))
    except (ServerError, RedisError) as error:
        print(f"the server did not start:\n{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    text = report(result)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "report.txt").write_text(text, encoding="utf-8")
    notes.write(result.diaries, arguments.output / "notes.jsonl")
    print(text, end="")
    return 1 if result.findings else 0


if __name__ == "__main__":
    sys.exit(main())
