"""The client's part in reading, frame by frame."""

from __future__ import annotations

import unittest
from typing import Any

from auditor import notes
from auditor.notes import Position
from auditor.reading import Reading


def message(seq: int, id: str | None = None) -> dict[str, Any]:
    return {"type": "message", "message": f"text {seq}", "seq": seq, "id": id or f"id{seq}"}


def history(epoch: str, seqs: range, last: int, recovered: bool = True, **more: Any) -> dict[str, Any]:
    told = {"type": "history", "epoch": epoch, "messages": [message(seq) for seq in seqs]}
    return told | {"seq": last, "recovered": recovered} | more


class ReadingTest(unittest.TestCase):
    def setUp(self) -> None:
        self.notes: list[notes.Note] = []
        self.reading = Reading(notes.LOBBY, self.notes.append, lambda: 0.0)

    def shown(self) -> list[int]:
        return [note.position.seq for note in self.notes if isinstance(note, notes.Saw)]

    def noted(self, kind: type[notes.Note]) -> list[Any]:
        return [note for note in self.notes if isinstance(note, kind)]

    def assert_no_complaint(self) -> None:
        for kind in notes.Hole, notes.Early, notes.Back, notes.Gap:
            self.assertEqual(self.noted(kind), [])

    def test_begins_where_the_first_welcome_says(self) -> None:
        self.reading.begin("E", 7)
        self.assertFalse(self.reading.live(message(8)))
        self.assertEqual(self.noted(notes.Joined)[0].position, Position("E", 7))
        self.assertEqual(self.shown(), [8])
        self.assert_no_complaint()

    def test_drops_what_it_has(self) -> None:
        self.reading.begin("E", 0)
        for seq in 1, 2, 1, 2, 3:
            self.reading.live(message(seq))
        self.assertEqual(self.shown(), [1, 2, 3])
        self.assertEqual([note.position.seq for note in self.noted(notes.Again)], [1, 2])

    def test_holds_back_what_comes_above_a_hole(self) -> None:
        self.reading.begin("E", 0)
        self.reading.live(message(1))
        self.assertTrue(self.reading.live(message(3)), "it asks for what is between")
        self.assertFalse(self.reading.live(message(4)), "once")
        self.assertEqual(self.shown(), [1])
        self.assertFalse(self.reading.history(history("E", range(2, 4), 3)))
        self.assertEqual(self.shown(), [1, 2, 3, 4])
        self.assertEqual([note.where for note in self.noted(notes.Hole)], ["live"])

    def test_loses_nothing_that_it_holds_back_if_the_history_ends_early(self) -> None:
        self.reading.begin("E", 1)
        self.reading.live(message(4))
        self.reading.live(message(5))
        self.reading.history(history("E", range(2, 3), 4))
        self.assertEqual(self.shown(), [2, 4, 5])
        self.assertEqual(len(self.noted(notes.Hole)), 2)

    def test_fills_a_hole_from_history(self) -> None:
        self.reading.begin("E", 0)
        self.reading.live(message(3))
        self.reading.history(history("E", range(1, 4), 3))
        self.reading.live(message(4))
        self.assertEqual(self.shown(), [1, 2, 3, 4])
        self.assertEqual([note.where for note in self.noted(notes.Hole)], ["live"])

    def test_comes_back_and_asks_for_page_after_page(self) -> None:
        self.reading.begin("E", 1)
        self.reading.begin("E", 9)
        self.assertTrue(self.reading.history(history("E", range(2, 5), 9, more=True)))
        self.assertFalse(self.reading.live(message(10)), "it's asking already")
        self.assertTrue(self.reading.history(history("E", range(5, 8), 10, more=True)))
        self.assertFalse(self.reading.history(history("E", range(8, 11), 10)))
        self.assertEqual(self.shown(), list(range(2, 11)))
        self.assert_no_complaint()

    def test_needs_no_history_if_it_missed_nothing(self) -> None:
        self.reading.begin("E", 1)
        self.reading.begin("E", 1)
        self.assertFalse(self.reading.live(message(2)))
        self.assert_no_complaint()

    def test_notes_a_live_message_before_the_history(self) -> None:
        self.reading.begin("E", 1)
        self.reading.begin("E", 3)
        self.assertTrue(self.reading.live(message(4)))
        self.reading.history(history("E", range(2, 4), 3))
        self.assertEqual(self.shown(), [2, 3, 4])
        self.assertEqual(len(self.noted(notes.Early)), 1)

    def test_notes_a_gap_of_another_epoch(self) -> None:
        self.reading.begin("E", 5)
        self.reading.begin("F", 2)
        self.reading.history(history("F", range(1, 3), 2, False, reason="epoch"))
        self.reading.live(message(3))
        [gap] = self.noted(notes.Gap)
        self.assertEqual((gap.after, gap.before), (Position("E", 5), Position("F", 1)))
        self.assertEqual(self.shown(), [1, 2, 3])

    def test_notes_a_gap_before_an_empty_log(self) -> None:
        self.reading.begin("E", 5)
        self.reading.begin("F", 0)
        self.reading.history(history("F", range(0), 0, False, reason="epoch"))
        self.assertEqual(self.noted(notes.Gap)[0].before, Position("F", 1))
        self.assertEqual(self.reading.have, Position("F", 0))

    def test_notes_a_gap_of_what_was_trimmed_while_it_was_behind(self) -> None:
        self.reading.begin("E", 5)
        self.reading.history(history("E", range(51, 101), 100, False, reason="trimmed"))
        self.reading.live(message(101))
        self.assertEqual(self.shown(), list(range(51, 102)))
        self.assertEqual(self.noted(notes.Hole), [])

    def test_notes_another_epoch_without_a_gap(self) -> None:
        self.reading.begin("E", 5)
        self.reading.begin("F", 0)
        self.assertTrue(self.reading.live(message(1)))
        self.assertEqual(self.noted(notes.Early)[0].came, Position("F", 1))
        self.assertEqual(self.shown(), [])

    def test_notes_a_history_with_a_hole(self) -> None:
        for seqs in range(3, 6), range(2, 5):  # the first is missing, or the last
            with self.subTest(seqs):
                self.setUp()
                self.reading.begin("E", 1)
                self.reading.begin("E", 5)
                self.reading.history(history("E", seqs, 5))
                self.assertEqual(len(self.noted(notes.Hole)), 1)
                self.assertEqual(self.reading.have, Position("E", 5))

    def test_notes_a_log_that_ends_before_what_it_has(self) -> None:
        self.reading.begin("E", 5)
        self.reading.begin("E", 4)
        self.assertEqual(len(self.noted(notes.Back)), 1)

    def test_shows_no_message_twice_that_was_stored_again_in_another_epoch(self) -> None:
        self.reading.begin("E", 0)
        self.reading.live(message(1, "a"))
        self.reading.begin("F", 1)
        again = {"type": "history", "epoch": "F", "messages": [message(1, "a")], "seq": 1}
        self.reading.history(again | {"recovered": False, "reason": "epoch"})
        self.assertEqual(self.shown(), [1])
        self.assertEqual(self.noted(notes.Again)[0].position, Position("F", 1))
        self.assertEqual(self.reading.have, Position("F", 1))


if __name__ == "__main__":
    unittest.main()
