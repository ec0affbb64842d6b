"""Judges the clients' notes, and nothing else: what of the server's promise was not kept.

Each check is a function that yields findings; CHECKS names them all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from . import notes
from .notes import Diary, Position
from .presence import unequal_crowds, untrue_notices
from .record import Place, Record, Said, View


@dataclass(frozen=True)
class Promise:
    """What may be asked of the server."""

    durable: bool  # a message that was acknowledged survives the process
    kept: int | None = None  # messages of each conversation, at least; None: all
    restarts: int = 0  # times that the log began anew, with its process or in an empty Redis
    many: bool = False  # servers, or workers
    # When messages were refused for a while: two that are on their way together may change places.
    troubles: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Finding:
    """One promise that was not kept."""

    kind: str
    what: str
    evidence: list[str] = field(default_factory=list)


def judge(diaries: Iterable[Diary], promise: Promise) -> list[Finding]:
    """All that is wrong."""
    record = Record(diaries)
    return [finding for check in CHECKS for finding in check(record, promise)]


# --- nothing lost --------------------------------------------------------------------------------


def lost(record: Record, promise: Promise) -> Iterator[Finding]:
    """What was acknowledged is in the view of every member, or in a gap that was announced."""
    for said in record.said.values():
        if not said.acks:
            continue
        for view in record.views_of(said.conversation):
            if said.id not in view.seen and _is_owed(said, view) and not _in_a_gap(record, said, view):
                yield Finding(
                    "lost",
                    f"{view.client} never saw {said.id} in {said.conversation}, which was acknowledged",
                    [*said.evidence, *record.members_with(said.id), *view.around(said.first_at)],
                )


def _is_owed(said: Said, view: View) -> bool:
    joined = view.joined
    return said.first_at > joined.at or any(
        ack.position and ack.position.epoch == joined.position.epoch
        and ack.position.seq > joined.position.seq
        for ack in said.acks
    )  # fmt: skip


def _in_a_gap(record: Record, said: Said, view: View) -> bool:
    positions = [ack.position for ack in said.acks if ack.position]
    # The ack of a private message names no position; another connection of the same user may.
    positions = positions or [
        place.position for place in record.found[said.id] if place.conversation == view.conversation
    ]
    if positions:
        return all(any(covers(gap, each, view.epochs) for gap in view.gaps) for each in positions)
    return any(_may_lie_in(record, said, view, gap) for gap in view.gaps)


def _may_lie_in(record: Record, said: Said, view: View, gap: notes.Gap) -> bool:
    """By time, where nobody knows the position: what was acknowledged before the last message that
    the client saw was sent, has its place before that one."""
    last = next((id for id, seen in view.seen.items() if seen[0].position == gap.after), "")
    begin = record.said[last].first_at if last in record.said else view.joined.at
    return said.first_at <= gap.at and said.acks[0].at >= begin


def covers(gap: notes.Gap, position: Position, epochs: list[str]) -> bool:
    """Whether a gap lies over a position. `epochs` are those in which the client had positions."""
    after, before = gap.after, gap.before
    if position.epoch == after.epoch:
        return position.seq > after.seq and (before.epoch != after.epoch or position.seq < before.seq)
    if position.epoch == before.epoch:
        return position.seq < before.seq
    return after.epoch != before.epoch and position.epoch not in epochs


def unanswered(record: Record, promise: Promise) -> Iterator[Finding]:
    """Whoever sends a message learns what became of it."""
    for said in record.said.values():
        if not said.answered:
            yield Finding(
                "unanswered", f"{said.id} was never acknowledged or refused", said.evidence
            )


# --- nothing twice, nothing else -----------------------------------------------------------------


def twice(record: Record, promise: Promise) -> Iterator[Finding]:
    """A message has one place. Only a server that forgets all at its end may give it a new one then."""
    for id, places in record.found.items():
        by_log = defaultdict(list)
        for place in sorted(places):
            by_log[place.conversation, "" if promise.durable else place.position.epoch].append(place)
        for each in by_log.values():
            if len(each) > 1:
                said = record.said.get(id)
                yield Finding(
                    "twice",
                    f"{id or 'a message without an id'} has {len(each)} places in {each[0].conversation}",
                    [*record.members_with(id), *(said.evidence if said else [])],
                )


def stranger(record: Record, promise: Promise) -> Iterator[Finding]:
    """What is seen was sent: there, and like that."""
    for diary in record.diaries:
        for note in diary.of(notes.Saw):
            said = record.said.get(note.id)
            if said is None:
                what = f"{diary.client} saw a message that nobody sent"
            elif said.conversation != note.conversation:
                what = f"{diary.client} saw {note.id} in {note.conversation}; it was for {said.conversation}"
            elif said.text != note.text:
                what = f"{diary.client} saw {note.id} with another text than was sent"
            else:
                continue
            evidence = [f"{diary.client} noted: {note}", *(said.evidence if said else [])]
            yield Finding("stranger", what, evidence)


def refused_and_delivered(record: Record, promise: Promise) -> Iterator[Finding]:
    """Nobody is told a message that was refused. One that was sent twice may have been taken once."""
    for said in record.said.values():
        if said.refusals and not said.acks and len(said.sent) == 1 and record.found[said.id]:
            yield Finding(
                "refused and delivered",
                f"{said.id} was refused with {said.refusals[0].code}, and delivered",
                [*said.evidence, *record.members_with(said.id)],
            )


# --- one order -----------------------------------------------------------------------------------


def one_place_two_messages(record: Record, promise: Promise) -> Iterator[Finding]:
    """At one place all see the same message: so all views are in one order."""
    for place, ids in record.places.items():
        if len(ids) > 1:
            evidence = [f"{', '.join(who[:5])} saw {id}" for id, who in ids.items()]
            for id in ids:
                evidence += record.said[id].evidence if id in record.said else []
            yield Finding("two at one place", f"{' and '.join(ids)} are both at {place}", evidence)


def ack_elsewhere(record: Record, promise: Promise) -> Iterator[Finding]:
    """An ack names the place where the message is, and so does its repeat."""
    for said in record.said.values():
        for ack in said.acks:
            if ack.position is None:
                continue
            at_that_place = record.places.get(Place(said.conversation, ack.position), {})
            epoch = ack.position.epoch
            acked = {each.position for each in said.acks if each.position and each.position.epoch == epoch}
            seen = {
                place.position
                for place in record.found[said.id]
                if place.conversation == said.conversation and place.position.epoch == epoch
            }
            misplaced = seen and ack.position not in seen
            if len(acked) > 1 or misplaced or (at_that_place and said.id not in at_that_place):
                others = [f"{', '.join(who[:5])} saw {id} there" for id, who in at_that_place.items()]
                yield Finding(
                    "ack elsewhere",
                    f"the ack of {said.id} says {ack.position} of {said.conversation}, "
                    "which isn't where it was seen",
                    [*said.evidence, *record.members_with(said.id), *others],
                )
                break


def order_of_sender(record: Record, promise: Promise) -> Iterator[Finding]:
    """What one client sends stays in order, in each conversation."""
    logs: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for id, places in record.found.items():
        if said := record.said.get(id):
            for place in places:
                if place.conversation == said.conversation:
                    log = said.sender, place.conversation, place.position.epoch
                    logs[log].setdefault(id, place.position.seq)
    for (sender, conversation, _), seqs in logs.items():
        steady = [id for id in seqs if not _may_change_places(record.said[id], promise)]
        steady.sort(key=lambda id: record.said[id].number)
        for first, second in pairwise(steady):
            if seqs[first] > seqs[second]:
                yield Finding(
                    "order of a sender",
                    f"{sender} said {first} before {second} in {conversation}; it comes after it",
                    [*record.said[first].evidence, *record.said[second].evidence,
                     *record.members_with(first), *record.members_with(second)],
                )  # fmt: skip


def _may_change_places(said: Said, promise: Promise) -> bool:
    return any(each.retry for each in said.refusals) or any(
        begin <= each.at <= end for each in said.sent for begin, end in promise.troubles
    )


# --- no hole that was not announced, no gap without a reason -------------------------------------


def holes(record: Record, promise: Promise) -> Iterator[Finding]:
    """What comes goes on where the client is, or a gap is announced first."""
    for diary in record.diaries:
        for note in diary.of(notes.Hole, notes.Early, notes.Back, notes.Strange):
            if isinstance(note, notes.Strange):
                yield Finding("strange frame", f"{diary.client} got {note.what}")
                continue
            kind, what = {
                notes.Hole: ("hole", "a hole that wasn't announced"),
                notes.Early: ("overtaken", "a live message before the history that it belongs behind"),
                notes.Back: ("log went back", "less in the log than it has of it"),
            }[type(note)]
            where = f"{diary.client} in {note.conversation}"
            yield Finding(
                kind, f"{where}: {what}, at {note.have}", _before(diary, note)
            )  # fmt: skip


def _before(diary: Diary, note: notes.Note) -> list[str]:
    """The note, and those before it that say how it came about."""
    end = next(i for i, each in enumerate(diary.notes) if each is note) + 1
    about = [
        each
        for each in diary.notes[max(0, end - 60) : end]
        if isinstance(each, (notes.Connected, notes.Broke))
        or getattr(each, "conversation", "") == getattr(note, "conversation", "")
    ]
    return [f"{diary.client} noted: {each}" for each in about[-6:]]


def gaps(record: Record, promise: Promise) -> Iterator[Finding]:
    """A gap has a reason: another epoch, or more messages than are kept."""
    for diary in record.diaries:
        for gap in diary.of(notes.Gap):
            if gap.reason == "epoch" and gap.after.epoch != gap.before.epoch:
                if promise.durable:
                    what = "the epoch changed, though the log is kept"
                else:
                    continue
            elif gap.reason == "trimmed" and promise.kept is not None:
                missed = gap.last - gap.after.seq
                if missed > promise.kept:
                    continue
                what = f"{missed} messages are said to be trimmed, though {promise.kept} are kept"
            else:
                what = f"nothing explains the reason '{gap.reason}'"
            yield Finding(
                "gap", f"{diary.client} was told a gap in {gap.conversation}: {what}",
                _before(diary, gap),
            )  # fmt: skip


def trimmed(record: Record, promise: Promise) -> Iterator[Finding]:
    """The log has as much as it has to keep."""
    for diary in record.diaries:
        for note in diary.of(notes.Kept):
            count = note.last.seq - note.first.seq + 1
            least = note.last.seq if promise.kept is None else min(promise.kept, note.last.seq)
            if count < least:
                yield Finding(
                    "trimmed",
                    f"the log of {note.conversation} has {count} messages; it has to have {least}",
                    [f"{diary.client} noted: {note}"],
                )


def epochs(record: Record, promise: Promise) -> Iterator[Finding]:
    """An epoch is new when the process is, and never comes back."""
    by_conversation: dict[str, set[str]] = defaultdict(set)
    for view in record.views.values():
        by_conversation[view.conversation] |= set(view.epochs)
        if len(set(view.epochs)) < len(view.epochs):
            yield Finding(
                "epoch", f"{view.client} saw an old epoch of {view.conversation} again",
                [f"{view.client} saw {', '.join(view.epochs)}"],
            )  # fmt: skip
    for conversation, names in by_conversation.items():
        # Each of a user's connections may come back to a server, or a worker, that knows nothing of
        # the others yet.
        members = len(record.views_of(conversation)) if conversation.startswith("inbox") else 1
        most = 1 if promise.durable else 1 + promise.restarts * (members if promise.many else 1)
        if len(names) > most:
            yield Finding(
                "epoch", f"{conversation} had {len(names)} epochs; there were {promise.restarts} restarts",
                [f"they are {', '.join(sorted(names))}"],
            )  # fmt: skip


def ends(record: Record, promise: Promise) -> Iterator[Finding]:
    """When all is quiet, all members are at the same place."""
    for conversation in sorted({name for _, name in record.views}):
        last: dict[Position | None, list[str]] = defaultdict(list)
        for diary in record.diaries:
            if (diary.client, conversation) in record.views:
                wholes = [note for note in diary.of(notes.Whole) if note.conversation == conversation]
                last[wholes[-1].position if wholes else None].append(diary.client)
        if len(last) > 1 or None in last:
            yield Finding(
                "unequal ends", f"the members of {conversation} don't end at one place",
                [f"{', '.join(who)}: {where or 'never had everything'}" for where, who in last.items()],
            )  # fmt: skip


# --- who is there --------------------------------------------------------------------------------


def presence(record: Record, promise: Promise) -> Iterator[Finding]:
    """A user comes once and leaves once, and at the end all know who is there."""
    for diary in record.diaries:
        for what, evidence in untrue_notices(diary):
            yield Finding("presence", what, evidence)
    for what, evidence in unequal_crowds(record.diaries):
        yield Finding("presence", what, evidence)


CHECKS = (
    lost, unanswered, twice, stranger, refused_and_delivered, one_place_two_messages, ack_elsewhere,
    order_of_sender, holes, gaps, trimmed, epochs, ends, presence,
)  # fmt: skip
