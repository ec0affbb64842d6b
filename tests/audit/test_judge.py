"""The judge, on notes written by hand: each kind of finding where it is to be made, and where not."""

from __future__ import annotations

import unittest
from typing import Any

from auditor.judge import Promise, covers, judge
from auditor.notes import (
    LOBBY, Acked, Again, Back, Diary, Early, Gap, Hole, Joined, Kept, Note, Position, Refused, Saw, Sent,
    Strange, Whole, inbox,
)  # fmt: skip

MEMORY = Promise(durable=False)
DATABASE = Promise(durable=True)
INBOX = inbox("Bob")


def at(position: str) -> Position:
    """`E:5`"""
    epoch, seq = position.split(":")
    return Position(epoch, int(seq))


class Notes:
    """The notes of Ada and Bob, written down in the order in which things happen."""

    def __init__(self) -> None:
        self.diaries = {"Ada": Diary("Ada", "Ada"), "Bob": Diary("Bob", "Bob")}
        self.now = 0.0

    def note(self, who: str, kind: type[Note], *values: Any, **named: Any) -> Notes:
        self.now += 1
        self.diaries[who].notes.append(kind(self.now, *values, **named))
        return self

    def both_join(self, position: str = "E:0", conversation: str = LOBBY) -> Notes:
        for who in self.diaries:
            self.note(who, Joined, conversation, at(position))
        return self

    def send(self, who: str, id: str, conversation: str = LOBBY) -> Notes:
        return self.note(who, Sent, conversation, id, f"text of {id}")

    def ack(self, who: str, id: str, position: str | None, duplicate: bool = False) -> Notes:
        return self.note(who, Acked, id, at(position) if position else None, duplicate)

    def see(self, who: str, id: str, position: str, conversation: str = LOBBY) -> Notes:
        return self.note(who, Saw, conversation, at(position), id, f"text of {id}")

    def all_see(self, id: str, position: str) -> Notes:
        return self.see("Ada", id, position).see("Bob", id, position)

    def gap(self, who: str, after: str, before: str, reason: str = "epoch", last: int = 0) -> Notes:
        return self.note(who, Gap, LOBBY, at(after), at(before), last or at(before).seq - 1, reason)

    def end(self, position: str, conversation: str = LOBBY) -> Notes:
        for who in self.diaries:
            self.note(who, Whole, conversation, at(position))
        return self


class JudgeTest(unittest.TestCase):
    def assert_finds(self, notes: Notes, promise: Promise, *kinds: str) -> None:
        findings = judge(notes.diaries.values(), promise)
        self.assertEqual(sorted({each.kind for each in findings}), sorted(kinds), findings)

    def good(self) -> Notes:
        """One message from Ada that went well."""
        return Notes().both_join().send("Ada", "a1").all_see("a1", "E:1").ack("Ada", "a1", "E:1")

    def test_finds_nothing_where_all_went_well(self) -> None:
        self.assert_finds(self.good().end("E:1"), DATABASE)

    def test_a_finding_has_its_evidence(self) -> None:
        notes = Notes().both_join().send("Ada", "a1").ack("Ada", "a1", "E:1").see("Ada", "a1", "E:1")
        [finding] = judge(notes.end("E:1").diaries.values(), DATABASE)
        self.assertEqual(finding.what, "Bob never saw a1 in the lobby, which was acknowledged")
        self.assertIn("Ada noted: 4.000 s: acked id a1, position E:1", finding.evidence)
        self.assertIn("Ada saw it at E:1 of the lobby", finding.evidence)

    # --- lost ------------------------------------------------------------------------------------

    def test_finds_what_was_acknowledged_and_is_in_no_view(self) -> None:
        notes = Notes().both_join().send("Ada", "a1").ack("Ada", "a1", "E:1").end("E:0")
        self.assert_finds(notes, MEMORY, "lost")

    def test_what_was_not_acknowledged_may_be_missing(self) -> None:
        notes = Notes().both_join().send("Ada", "a1").note("Ada", Refused, "a1", "user_offline", False)
        self.assert_finds(notes.end("E:0"), DATABASE)

    def test_a_gap_that_was_announced_excuses_what_lies_in_it(self) -> None:
        notes = Notes().both_join().send("Ada", "a1").ack("Ada", "a1", "E:1").see("Ada", "a1", "E:1")
        notes.gap("Ada", "E:1", "F:1").gap("Bob", "E:0", "F:1").end("F:0")
        self.assert_finds(notes, Promise(durable=False, restarts=1))

    def test_a_gap_excuses_nothing_that_lies_before_it(self) -> None:
        notes = self.good().send("Ada", "a2").ack("Ada", "a2", "E:2").all_see("a3", "E:3").send("Ada", "a3")
        notes.ack("Ada", "a3", "E:3").gap("Ada", "E:3", "F:1").gap("Bob", "E:3", "F:1").end("F:0")
        self.assert_finds(notes, Promise(durable=False, restarts=1), "lost")

    def test_nobody_is_owed_what_was_said_before_they_came(self) -> None:
        notes = Notes().note("Ada", Joined, LOBBY, at("E:0")).send("Ada", "a1").see("Ada", "a1", "E:1")
        notes.ack("Ada", "a1", "E:1").note("Bob", Joined, LOBBY, at("E:1")).end("E:1")
        self.assert_finds(notes, DATABASE)

    def test_finds_a_private_message_that_nobody_saw(self) -> None:
        notes = Notes().note("Bob", Joined, INBOX, at("I:0")).send("Ada", "a1", INBOX)
        notes.ack("Ada", "a1", None).note("Bob", Whole, INBOX, at("I:0"))
        self.assert_finds(notes, MEMORY, "lost")

    def test_a_private_message_may_lie_in_a_gap_by_its_time(self) -> None:
        for sent_before_the_last_that_bob_saw in False, True:
            notes = Notes().note("Bob", Joined, INBOX, at("I:0"))
            if sent_before_the_last_that_bob_saw:
                notes.send("Ada", "a1", INBOX).ack("Ada", "a1", None)
            notes.send("Ada", "a2", INBOX).ack("Ada", "a2", None).see("Bob", "a2", "I:1", INBOX)
            if not sent_before_the_last_that_bob_saw:
                notes.send("Ada", "a1", INBOX).ack("Ada", "a1", None)
            notes.note("Bob", Gap, INBOX, at("I:1"), at("J:1"), 0, "epoch")
            notes.note("Bob", Whole, INBOX, at("J:0"))
            kinds = ["lost"] if sent_before_the_last_that_bob_saw else []
            with self.subTest(sent_before_the_last_that_bob_saw):
                self.assert_finds(notes, Promise(durable=False, restarts=1), *kinds)

    def test_finds_a_message_without_an_answer(self) -> None:
        notes = Notes().both_join().send("Ada", "a1").note("Ada", Refused, "a1", "unavailable", True)
        self.assert_finds(notes.end("E:0"), DATABASE, "unanswered")

    def test_a_gap_covers_what_is_between_its_positions(self) -> None:
        def covered(after: str, before: str) -> str:
            gap = Gap(0.0, LOBBY, at(after), at(before), 0, "")
            places = "E:4", "E:5", "E:6", "E:7", "F:1", "F:2", "G:1"
            return " ".join(each for each in places if covers(gap, at(each), ["E", "F"]))

        self.assertEqual(covered("E:4", "E:7"), "E:5 E:6")
        self.assertEqual(covered("E:5", "F:2"), "E:6 E:7 F:1 G:1")  # G came and went in between
        self.assertEqual(covered("E:7", "F:1"), "G:1")

    # --- twice, and strangers --------------------------------------------------------------------

    def test_finds_a_message_in_two_places(self) -> None:
        notes = self.good().all_see("b1", "E:2").send("Bob", "b1").ack("Bob", "b1", "E:2")
        notes.note("Bob", Again, LOBBY, at("E:3"), "a1").note("Ada", Again, LOBBY, at("E:3"), "a1")
        self.assert_finds(notes.end("E:3"), DATABASE, "twice")

    def test_a_message_may_come_again_at_its_place(self) -> None:
        self.assert_finds(self.good().note("Bob", Again, LOBBY, at("E:1"), "a1").end("E:1"), DATABASE)

    def test_only_a_server_that_forgets_may_store_a_message_again(self) -> None:
        def notes() -> Notes:
            told = self.good().gap("Ada", "E:1", "F:1").gap("Bob", "E:1", "F:1")
            for who in "Ada", "Bob":
                told.note(who, Again, LOBBY, at("F:1"), "a1")
            return told.end("F:1")

        self.assert_finds(notes(), Promise(durable=False, restarts=1))
        self.assert_finds(notes(), Promise(durable=True, restarts=1), "twice", "gap", "epoch")

    def test_finds_what_nobody_sent(self) -> None:
        self.assert_finds(Notes().both_join().all_see("x", "E:1").end("E:1"), DATABASE, "stranger")

    def test_finds_a_message_in_the_wrong_conversation(self) -> None:
        notes = self.good().note("Bob", Joined, INBOX, at("I:0")).see("Bob", "a1", "I:1", INBOX)
        notes.note("Bob", Whole, INBOX, at("I:1"))
        self.assert_finds(notes.end("E:1"), DATABASE, "stranger")

    def test_finds_a_text_that_changed(self) -> None:
        notes = Notes().both_join().send("Ada", "a1").see("Ada", "a1", "E:1").ack("Ada", "a1", "E:1")
        notes.note("Bob", Saw, LOBBY, at("E:1"), "a1", "another text")
        self.assert_finds(notes.end("E:1"), DATABASE, "stranger")

    def test_finds_a_message_that_was_refused_and_delivered(self) -> None:
        notes = Notes().both_join().send("Ada", "a1").all_see("a1", "E:1")
        notes.note("Ada", Refused, "a1", "unavailable", False)
        self.assert_finds(notes.end("E:1"), DATABASE, "refused and delivered")

    def test_of_two_tries_one_may_be_taken_and_one_refused(self) -> None:
        notes = Notes().both_join().send("Ada", "a1").all_see("a1", "E:1").send("Ada", "a1")
        notes.note("Ada", Refused, "a1", "user_offline", False)
        self.assert_finds(notes.end("E:1"), DATABASE)

    # --- order -----------------------------------------------------------------------------------

    def two(self) -> Notes:
        return Notes().both_join().send("Ada", "a1").send("Bob", "b1")

    def test_finds_two_orders(self) -> None:
        notes = self.two().see("Ada", "a1", "E:1").see("Ada", "b1", "E:2")
        notes.see("Bob", "b1", "E:1").see("Bob", "a1", "E:2").ack("Ada", "a1", "E:1").ack("Bob", "b1", "E:2")
        self.assert_finds(notes.end("E:2"), DATABASE, "two at one place", "twice")

    def test_finds_a_place_that_was_given_again(self) -> None:
        notes = self.two().all_see("a1", "E:1").ack("Ada", "a1", "E:1")
        notes.note("Bob", Again, LOBBY, at("E:1"), "b1").note("Bob", Refused, "b1", "unavailable", False)
        notes.send("Bob", "b1")
        self.assert_finds(notes.end("E:1"), DATABASE, "two at one place")

    def test_one_order_is_no_finding(self) -> None:
        notes = self.two().all_see("b1", "E:1").all_see("a1", "E:2")
        self.assert_finds(notes.ack("Ada", "a1", "E:2").ack("Bob", "b1", "E:1").end("E:2"), DATABASE)

    def test_the_same_number_in_another_epoch_is_another_place(self) -> None:
        notes = self.good().gap("Ada", "E:1", "F:1").gap("Bob", "E:1", "F:1").send("Bob", "b1")
        notes.all_see("b1", "F:1").ack("Bob", "b1", "F:1").end("F:1")
        self.assert_finds(notes, Promise(durable=False, restarts=1))

    def test_finds_an_ack_that_names_another_place(self) -> None:
        notes = Notes().both_join().send("Ada", "a1").all_see("a1", "E:1").ack("Ada", "a1", "E:2")
        self.assert_finds(notes.end("E:1"), DATABASE, "ack elsewhere")

    def test_finds_a_repeat_that_is_acknowledged_elsewhere(self) -> None:
        notes = self.good().send("Ada", "a1").ack("Ada", "a1", "E:2", duplicate=True)
        self.assert_finds(notes.end("E:1"), DATABASE, "ack elsewhere")

    def test_the_ack_of_a_repeat_names_the_first_place(self) -> None:
        notes = self.good().send("Ada", "a1").ack("Ada", "a1", "E:1", duplicate=True)
        self.assert_finds(notes.end("E:1"), DATABASE)

    def swapped(self) -> Notes:
        notes = Notes().both_join().send("Ada", "a1").send("Ada", "a2").all_see("a2", "E:1")
        return notes.all_see("a1", "E:2").ack("Ada", "a2", "E:1").ack("Ada", "a1", "E:2").end("E:2")

    def test_finds_a_sender_whose_messages_changed_places(self) -> None:
        self.assert_finds(self.swapped(), DATABASE, "order of a sender")

    def test_what_was_refused_for_now_may_come_later(self) -> None:
        notes = self.swapped().note("Ada", Refused, "a1", "unavailable", True)
        self.assert_finds(notes, DATABASE)

    def test_while_messages_are_refused_the_answer_may_be_lost(self) -> None:
        self.assert_finds(self.swapped(), Promise(durable=True, troubles=((2.5, 4.5),)))
        self.assert_finds(self.swapped(), Promise(durable=True, troubles=((5, 9),)), "order of a sender")

    # --- holes, gaps, epochs, ends ---------------------------------------------------------------

    def test_finds_what_the_clients_noted_of_broken_rules(self) -> None:
        for kind, note in {
            "hole": (Hole, LOBBY, at("E:1"), at("E:3"), "live"),
            "overtaken": (Early, LOBBY, at("E:1"), at("E:3")),
            "log went back": (Back, LOBBY, at("E:3"), at("E:1")),
            "strange frame": (Strange, "{}"),
        }.items():
            with self.subTest(kind):
                self.assert_finds(self.good().note("Bob", *note).end("E:1"), DATABASE, kind)

    def test_with_a_database_no_epoch_ends(self) -> None:
        notes = self.good().gap("Ada", "E:1", "F:1").gap("Bob", "E:1", "F:1").end("F:0")
        self.assert_finds(notes, Promise(durable=True, restarts=1), "gap", "epoch")

    def test_without_a_restart_no_epoch_ends(self) -> None:
        notes = self.good().gap("Ada", "E:1", "F:1").gap("Bob", "E:1", "F:1").end("F:0")
        self.assert_finds(notes, Promise(durable=False, restarts=0), "epoch")

    def test_finds_an_epoch_that_comes_back(self) -> None:
        notes = self.good()
        for who in "Ada", "Bob":
            notes.gap(who, "E:1", "F:1").gap(who, "F:0", "E:2")
        self.assert_finds(notes.end("E:1"), Promise(durable=False, restarts=2), "epoch")

    def test_a_gap_in_one_epoch_is_for_what_was_trimmed(self) -> None:
        def notes(reason: str) -> Notes:
            told = self.good().gap("Ada", "E:1", "E:12", reason, 20).gap("Bob", "E:1", "E:12", reason, 20)
            return told.end("E:20")

        self.assert_finds(notes("trimmed"), Promise(durable=True, kept=18))
        self.assert_finds(notes("trimmed"), Promise(durable=True, kept=19), "gap")
        self.assert_finds(notes("trimmed"), DATABASE, "gap")
        self.assert_finds(notes("epoch"), MEMORY, "gap")

    def test_finds_a_log_that_has_less_than_it_has_to_keep(self) -> None:
        def notes(first: str, last: str) -> Notes:
            return Notes().note("Ada", Joined, LOBBY, at("E:0")).note("Ada", Kept, LOBBY, at(first), at(last))

        def judged(first: str, last: str, kept: int | None) -> list[str]:
            found = judge(notes(first, last).diaries.values(), Promise(durable=True, kept=kept))
            return [each.kind for each in found if each.kind == "trimmed"]

        self.assertEqual(judged("E:1", "E:9", None), [])
        self.assertEqual(judged("E:2", "E:9", None), ["trimmed"])
        self.assertEqual(judged("E:5", "E:9", 5), [])
        self.assertEqual(judged("E:6", "E:9", 5), ["trimmed"])
        self.assertEqual(judged("E:1", "E:3", 5), [])

    def test_finds_members_that_end_at_different_places(self) -> None:
        notes = self.good().note("Ada", Whole, LOBBY, at("E:1")).note("Bob", Whole, LOBBY, at("E:2"))
        self.assert_finds(notes, DATABASE, "unequal ends")

    def test_finds_a_member_that_never_had_everything(self) -> None:
        self.assert_finds(self.good().note("Ada", Whole, LOBBY, at("E:1")), DATABASE, "unequal ends")


if __name__ == "__main__":
    unittest.main()
