"""The report of an audit, for a person to read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from . import notes
from .audit import Plan, Result
from .harm import KINDS

SHOWN = 5  # findings of a kind that are told with their evidence
LINES = 14  # of the evidence of a finding


def report(result: Result) -> str:
    """What was done, what happened, what was found."""
    parts = _head(result), _done(result), _happened(result), _found(result)
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(result: Result) -> Iterator[str]:
    plan = result.plan
    nameless = sum(1 for diary in result.diaries if diary.user is None)
    yield f"An audit of {' '.join(result.command)}"
    yield (
        f"seed {plan.seed}, {plan.seconds:g} s, {plan.clients} clients ({nameless} without a name), "
        f"{plan.rate:g} messages a second, {_where(plan)}"
    )
    if plan.environment:
        yield "with " + ", ".join(f"{name}={value}" for name, value in plan.environment.items())


def _where(plan: Plan) -> str:
    where = "with a database" if plan.database else "in memory"
    if plan.servers:
        where = f"{plan.servers} servers that meet in Redis"
    return where + (f", {plan.workers} workers each" if plan.workers != 1 else "")


def _done(result: Result) -> Iterator[str]:
    yield "What was done"
    for kind, count in sorted(result.done.items()):
        yield f"  {count:6} × {KINDS[kind][2]}"
    if result.disk:
        yield f"  (the full disk is {result.disk})"
    if result.refused_starts:
        trouble = "without Redis" if result.plan.servers else "on a full disk"
        yield f"  {len(result.refused_starts):6} × the server refused to start {trouble}:"
        yield f"           {result.refused_starts[-1].splitlines()[-1]}"


def _happened(result: Result) -> Iterator[str]:
    def count(*kinds: type[notes.Note]) -> int:
        return sum(len(diary.of(*kinds)) for diary in result.diaries)

    every = [note for diary in result.diaries for note in diary.notes]
    said = {note.id for note in every if isinstance(note, notes.Sent)}
    acked = {note.id for note in every if isinstance(note, notes.Acked)}
    refused = Counter(note.code for note in every if isinstance(note, notes.Refused))
    ends = Counter(note.why for note in every if isinstance(note, notes.Broke))
    gaps = Counter(note.reason for note in every if isinstance(note, notes.Gap))
    repeats = sum(note.duplicate for note in every if isinstance(note, notes.Acked))
    views = sum(len(diary.conversations) for diary in result.diaries)
    yield "What happened"
    yield f"  {len(said):,} messages were sent, {count(notes.Sent) - len(said):,} times again"
    yield f"  {len(acked):,} of them were acknowledged, {repeats:,} acks said that it was a repeat"
    yield f"  refused: {_counts(refused)}"
    again, reread = count(notes.Again), count(notes.Reread)
    yield f"  {count(notes.Saw):,} came into {views} views; {again - reread:,} that came again did not"
    yield f"  {reread:,} were found again by looking back at the end"
    yield f"  {count(notes.Connected):,} connections; their ends: {_counts(ends)}"
    yield f"  gaps that were announced, by reason: {_counts(gaps)}"
    yield f"  time to the ack: {times(result.latencies)}"
    yield f"  the same of messages that were sent more than once: {times(result.delays)}"
    yield f"  {result.seconds:.1f} s in all; whole {result.settled_after:.2f} s after the last word"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counter.most_common()) or "none"


def times(seconds: Sequence[float]) -> str:
    """The percentiles of some times."""
    if not seconds:
        return "none"
    milliseconds = sorted(1000 * each for each in seconds)

    def at(part: float) -> float:
        return milliseconds[max(0, math.ceil(part * len(milliseconds)) - 1)]

    return f"p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, at most {at(1):.1f} ms (of {len(seconds):,})"


def _found(result: Result) -> Iterator[str]:
    yield "What was found"
    if not result.findings:
        yield "  nothing"
    kinds = Counter(finding.kind for finding in result.findings)
    for kind, count in kinds.items():
        yield f"  {kind}: {count}"
        for finding in [each for each in result.findings if each.kind == kind][:SHOWN]:
            yield f"    - {finding.what}"
            for line in finding.evidence[:LINES]:
                yield f"        {line}"
        if count > SHOWN:
            yield f"    … and {count - SHOWN} more"
