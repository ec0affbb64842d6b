"""What is found in the notes of who came and who left."""

from __future__ import annotations

import unittest

from auditor.notes import Connected, Diary, Here, Moved, Note, Present
from auditor.presence import unequal_crowds, untrue_notices


def diary(*told: Note, client: str = "Ada", user: str | None = "Ada") -> Diary:
    return Diary(client, user, notes=list(told))


class NoticesTest(unittest.TestCase):
    def told(self, *told: Note) -> list[str]:
        return [what for what, _ in untrue_notices(diary(*told))]

    def test_each_comes_and_leaves_in_turn(self) -> None:
        notes = Connected(0), Here(0, ("Ada", "Bob")), Moved(1, ("Cem",)), Moved(2, (), ("Bob",))
        self.assertEqual(self.told(*notes, Moved(3, ("Bob",), ("Cem",)), Present(4, ("Ada", "Bob"), 2)), [])

    def test_finds_who_comes_twice_or_leaves_twice(self) -> None:
        begin = Connected(0), Here(0, ("Ada", "Bob"))
        for told, what in (
            ((Moved(1, ("Bob",)),), "Bob came, and was there"),
            ((Moved(1, (), ("Cem",)),), "Cem left, and wasn't there"),
            ((Moved(1, ("Cem",)), Moved(2, ("Cem",))), "Cem came, and was there"),
            ((Moved(1, (), ("Bob",)), Moved(2, (), ("Bob", "Bob"))), "Bob left, and wasn't there"),
        ):
            self.assertIn(f"Ada was told that {what}", self.told(*begin, *told))

    def test_a_connection_begins_with_what_its_welcome_says(self) -> None:
        notes = Connected(0), Here(0, ("Ada",)), Connected(1), Here(1, ("Ada", "Bob")), Moved(2, (), ("Bob",))
        self.assertEqual(self.told(*notes), [])

    def test_what_a_client_cannot_know_is_no_finding(self) -> None:
        self.assertEqual(self.told(Connected(0), Moved(1, (), ("Bob",)), Moved(2, ("Bob",))), [])
        self.assertEqual(self.told(Connected(0), Here(0, ("Ada",), True), Moved(1, (), ("Bob",))), [])
        gathered = Moved(1, ("Bob",), (), True)
        self.assertEqual(self.told(Connected(0), Here(0, ("Ada",)), gathered, Moved(2, (), ("Cem",))), [])

    def test_also_one_without_a_name_finds_what_comes_twice(self) -> None:
        self.assertEqual(
            self.told(Connected(0), Moved(1, ("Bob",)), Moved(2, ("Bob",))),
            ["Ada was told that Bob came, and was there"],
        )

    def test_finds_who_is_there_and_was_never_told(self) -> None:
        begin = Connected(0), Here(0, ("Ada", "Bob"))
        self.assertEqual(self.told(*begin, Present(1, ("Ada", "Bob", "Cem"), 3)), ["Ada wasn't told that Cem is there"])
        self.assertEqual(self.told(*begin, Present(1, ("Ada",), 1)), ["Ada was told that Bob is there, who isn't"])
        self.assertEqual(self.told(Connected(0), Present(1, ("Ada", "Bob"), 2)), [])

    def test_shows_what_was_told_of_that_user(self) -> None:
        notes = Connected(0), Here(0, ("Ada", "Bob")), Moved(1, ("Cem",)), Moved(2, ("Bob",))
        [(_, evidence)] = untrue_notices(diary(*notes))
        lines = "0.000 s: connected ", "0.000 s: here with Bob", "2.000 s: Bob came"
        self.assertEqual(evidence, [f"Ada noted: {line}" for line in lines])


class CrowdsTest(unittest.TestCase):
    def told(self, users: tuple[str, ...], connections: int) -> list[str]:
        diaries = [diary(Present(1, users, connections)), diary(client="nameless", user=None)]
        return [what for what, _ in unequal_crowds(diaries)]

    def test_all_are_there(self) -> None:
        self.assertEqual(self.told(("Ada",), 2), [])

    def test_finds_who_is_missing_and_who_is_too_many(self) -> None:
        self.assertEqual(self.told((), 2), ["Ada isn't told of Ada, who are there"])
        self.assertEqual(self.told(("Ada", "Bob"), 2), ["Ada is told of Bob, who aren't there"])
        self.assertEqual(self.told(("Ada",), 3), ["Ada is told of 3 connections; there are 2"])


if __name__ == "__main__":
    unittest.main()
