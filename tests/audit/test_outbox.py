"""The client's part in sending."""

from __future__ import annotations

import unittest

from auditor.outbox import Message, Outbox


class OutboxTest(unittest.TestCase):
    def setUp(self) -> None:
        self.outbox = Outbox(window=3)
        for number in range(1, 6):
            self.outbox.add(Message(number, f"m{number}", "", "", ""))

    def go(self) -> str:
        """What may go out now."""
        ids = []
        while message := self.outbox.next():
            ids.append(message.id)
        return " ".join(ids)

    def test_sends_in_order_and_no_more_than_the_window(self) -> None:
        self.assertEqual(self.go(), "m1 m2 m3")
        self.outbox.done("m2")
        self.assertEqual(self.go(), "m4")
        self.assertEqual(len(self.outbox), 4)

    def test_sends_again_in_order_after_a_break(self) -> None:
        self.go()
        self.outbox.done("m2")
        self.outbox.broke()
        self.assertEqual(self.go(), "m1 m3 m4")

    def test_sends_again_from_the_one_that_was_refused_for_now(self) -> None:
        self.go()
        self.outbox.retry("m2")
        self.outbox.retry("m3")  # it waits already
        self.assertEqual(self.go(), "m2 m3")
        self.outbox.done("m1")
        self.assertEqual(self.go(), "m4")

    def test_takes_out_what_is_acknowledged_while_it_waits_to_go_again(self) -> None:
        self.go()
        self.outbox.retry("m1")
        self.assertEqual(self.outbox.done("m2").id, "m2")
        self.assertIsNone(self.outbox.done("m2"))
        self.assertEqual(self.go(), "m1 m3 m4")


if __name__ == "__main__":
    unittest.main()
