#!/usr/bin/python3
"""Attacks a chat server and measures what its other users feel. tests/attack/README.md says more.

    tests/attack/run.py                          all attacks, against the release build
    tests/attack/run.py burst who --seconds 10   two of them
    tests/attack/run.py --server OLD --server NEW --json both.json
    tests/attack/run.py --against both.json
"""

import argparse
import json
import math
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import answers  # noqa: E402, F401
import floods  # noqa: E402, F401
import request_floods  # noqa: E402, F401
from harness import ROOT, run  # noqa: E402
from registry import ATTACKS  # noqa: E402

COLUMNS = "attack|server|p50 ms|p99 ms|newcomer ms|peak MiB|after MiB|CPU %|load|closed|refused|verdict|seen"


def verdict(row, attack, rss):
    """What is wrong, a text each."""
    wrong = []
    if "p99" in row and attack.latency is not None:
        if not row["p99"] <= attack.latency:
            wrong.append(f"p99 {row['p99']:.0f} ms > {attack.latency:.0f}")
        wrong += [f"closed: {each}" for each in row["closed"]]
    if row.get("peak_rss", 0) > rss:
        wrong.append(f"{row['peak_rss']:.0f} MiB > {rss:.0f}")
    if "memory_cap_hit_after" in row:
        wrong.append(f"ended after {row['memory_cap_hit_after']} s for its memory")
    if "verdict" in row:
        wrong.append(row["verdict"])
    if "attack failed" in row.get("notes", {}):
        wrong.append("the attack failed")
    elif attack.check and "notes" in row:
        try:
            wrong += attack.check(row)
        except (KeyError, TypeError) as error:
            wrong.append(f"not to be judged: {error!r}")
    return wrong


def number(value, digits=1):
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def said(value):
    if isinstance(value, dict):
        return ", ".join(f"{key}: {said(each)}" for key, each in value.items())
    return str(value).strip().rsplit("\n", 1)[-1]


def line(row):
    counts = row.get("victims", {})
    told = ", ".join(
        f"{counts[what] / counts['seconds']:.0f} {what}/s"
        for what in ("messages", "joins", "leaves")
        if counts.get(what, 0) > counts.get("seconds", 1)
    )
    seen = "; ".join(f"{key}: {said(value)}" for key, value in row.get("notes", {}).items())
    cells = (
        row["attack"],
        Path(row["server"]).parent.name + "/" + Path(row["server"]).name,
        number(row.get("p50")),
        number(row.get("p99")),
        number(row.get("newcomer_max_ms"), 0),
        number(row.get("peak_rss"), 0),
        number(row.get("rss_after"), 0),
        number(row.get("cpu_percent"), 0),
        number(row.get("load")),
        str(len(row.get("closed", []))),
        said(row.get("refusals", {})) or "nothing",
        "; ".join(row["wrong"]) or "ok",
        "; ".join(filter(None, (seen, told))),
    )
    return "| " + " | ".join(each.replace("|", "/").replace("\n", " ") for each in cells) + " |"


def print_head():
    print("| " + COLUMNS.replace("|", " | ") + " |")
    print("|" + "---|" * (COLUMNS.count("|") + 1), flush=True)


def default_server():
    return str(ROOT / "build/release/chapter08/chapter08")


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which attacks; all of them by default")
    parser.add_argument("--server", action="append", help="the program; several are compared, in turns")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each attack lasts (30)")
    parser.add_argument("--repeat", type=int, default=1, help="how many times all is done (1)")
    parser.add_argument("--rss-bound", type=float, help="MiB, instead of the bound of each attack")
    parser.add_argument("--memory-cap", type=float, default=2500, help="MiB at which an attack is ended (2500)")
    parser.add_argument("--json", type=Path, help="write what was measured to this file")
    parser.add_argument("--against", type=Path, help="show the rows of this file beside the new ones")
    parser.add_argument("--list", action="store_true", help="say what the attacks are")
    chosen = parser.parse_args(arguments)
    for name in chosen.names:
        if name not in ATTACKS:
            parser.error(f"there is no attack {name}; --list names them")
    if chosen.seconds <= 0:
        parser.error("--seconds: more than 0")
    return chosen


def main(arguments=None):
    chosen = parse_arguments(arguments)
    if chosen.list:
        for attack in ATTACKS.values():
            print(f"{attack.name:20} {attack.about}")
        return 0
    before = json.loads(chosen.against.read_text()) if chosen.against else []
    servers = [str(Path(each).resolve()) for each in chosen.server or [default_server()]]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows = []
    print_head()
    for _ in range(chosen.repeat):
        for name in chosen.names or ATTACKS:
            attack = ATTACKS[name]
            for row in before:
                if row["attack"] == name:
                    print(line(row))
            for server in servers:
                begin = time.time()
                try:
                    row = run(attack, server, chosen.seconds, chosen.memory_cap)
                except (OSError, RuntimeError) as error:
                    row = {"attack": name, "server": server, "verdict": repr(error), "seconds": chosen.seconds}
                row["took"] = time.time() - begin
                row["wrong"] = verdict(row, attack, chosen.rss_bound or attack.rss)
                rows.append(row)
                print(line(row), flush=True)
                if chosen.json:
                    chosen.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    return 1 if any(row["wrong"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
