"""What the report needs of the load tool's output."""

from __future__ import annotations

import re
from typing import Any

from .plan import Load

Sample = dict[str, Any]

KEPT_UP = 0.97  # share of what was offered that has to be delivered in time
TOO_LATE_MS = 1000.0  # half of the messages later than that: nobody would call it a chat


def explain(load: Load, stderr: str) -> str:
    """Why the load tool gave up, in few words."""
    opened = re.search(r"(\d+) of (\d+) connections are ready", stderr)
    if opened:
        return f"{int(opened[1]):,} of {int(opened[2]):,} connections opened in {load.patience} s"
    return stderr.removeprefix("chat_load: ").strip()


def digest(load: Load, report: dict[str, Any]) -> Sample:
    """The figures of one run."""
    server = report["server"]
    if load.kind == "idle":
        return {"kib": server.get("rss_kib_per_connection"), "problems": report["problems"]}
    if load.kind == "churn":
        after = server["after"] or {}
        return {"rss_kib": after.get("rss_kib"), "problems": report["problems"]}
    traffic = report["traffic"]
    if load.kind == "stall":
        return _stall(report)
    return {
        "per_second": traffic["delivered_per_second"],
        # The server's CPU time comes in steps of 10 ms; of a step or two nothing can be told.
        "per_cpu_second": server["delivered_per_cpu_second"]
        if server.get("cpu_seconds", 0) >= 0.05
        else None,
        "p50_ms": traffic["latency"]["p50_ms"],
        "p99_ms": traffic["latency"]["p99_ms"],
        "p99_9_ms": traffic["latency"]["p99_9_ms"],
        "max_ms": traffic["latency"]["max_ms"],
        "cpu_share": server.get("cpu_share"),
        "problems": report["problems"] + _of_the_client(report),
    }


def fell(load: Load, sample: Sample) -> bool:
    """Whether a stack could not keep up with what was offered."""
    if "failed" in sample:
        return True
    offered = load.rate * load.connections
    return sample["per_second"] < KEPT_UP * offered or sample["p50_ms"] > TOO_LATE_MS


def unite(waves: list[Sample]) -> Sample:
    """Several runs on one server: its memory after the first of them, and after the last."""
    failed = [wave for wave in waves if "failed" in wave]
    kib = [wave["rss_kib"] for wave in waves if wave.get("rss_kib")]
    if failed or len(kib) < 2:
        return failed[0] if failed else {"failed": "too little to tell"}
    return {
        "first_mib": kib[0] / 1024,
        "last_mib": kib[-1] / 1024,
        "growth_kib": (kib[-1] - kib[0]) / (len(kib) - 1),
        "series_kib": kib,
        "problems": sorted({problem for wave in waves for problem in wave["problems"]}),
        "others": max(wave["others"] for wave in waves),
    }


def _of_the_client(report: dict[str, Any]) -> list[str]:
    server, client = report["server"].get("cpu_share", 0), report["client"]["cpu_share"]
    return ["the load tool was at its limit"] if client > max(server, 0.95) else []


def _stall(report: dict[str, Any]) -> Sample:
    traffic = report["traffic"]
    check, stalled = traffic["check"], traffic["stalled"]
    silence = traffic["longest_silence_ms"]
    # A room that froze holds messages that nobody has got; a slow one only lags behind.
    nobody_got = check["lost"] - check["lost_by_some"]
    return {
        "silence_ms": silence,
        "recovered": not (nobody_got > 0 and silence >= 1000),
        "closed_with": next(iter(stalled["codes"]), "") if stalled["closed"] else "",
        "problems": [],  # that messages are late or lost is what is shown here
    }
