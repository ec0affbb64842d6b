"""Transcripts in columns: what is held to differ, and how text is set."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from player.outcome import Event, Outcome  # noqa: E402
from player.pattern import Json  # noqa: E402
from player.report import GREEN, RED  # noqa: E402
from player.scenario import parse  # noqa: E402
from player.transcript import pad, side_by_side, text_width, wrap  # noqa: E402

SCENARIO = parse('# A title.\n# Why.\nAlice sends "x"\nBob receives nothing\n', Path("some.chat"))


def outcome(stack: str, *frames: Json) -> Outcome:
    events = [Event(0.1, 0, "Bob", "receives", frame) for frame in frames]
    return Outcome(SCENARIO, stack, transcript=events)


def show(*outcomes: Outcome) -> str:
    return side_by_side(list(outcomes), 120, colour=True)


class SideBySideTest(unittest.TestCase):
    def test_what_says_the_same_is_not_coloured(self) -> None:
        one = outcome("fastapi", {"a": 1, "b": 30.0, "timestamp": "then"})
        other = outcome("cpp", {"b": 30, "timestamp": "now", "a": 1})
        text = show(one, other)
        self.assertNotIn(RED, text)
        self.assertNotIn(GREEN, text)

    def test_what_differs_is_red_and_what_is_right_green(self) -> None:
        text = show(outcome("fastapi", {"a": 1}), outcome("cpp", {"a": 2}))
        self.assertIn(RED + '  0.10 Bob receives {"a": 1}', text)
        self.assertIn(GREEN + '  0.10 Bob receives {"a": 2}', text)

    def test_what_only_one_did_is_coloured(self) -> None:
        self.assertIn(RED, show(outcome("fastapi", {"a": 1}), outcome("cpp")))
        self.assertIn(GREEN, show(outcome("fastapi"), outcome("cpp", {"a": 1})))

    def test_repetitions_are_folded_and_counted(self) -> None:
        text = show(outcome("fastapi", *[{"a": 1}] * 3), outcome("cpp", {"a": 1}))
        self.assertIn("× 3", text)
        self.assertIn(RED, text)

    def test_frames_that_count_on_are_folded(self) -> None:
        counted = [{"a": f"line {n}", "seq": n + 7} for n in (1, 2, 3, 4, 5, 9)]
        text = show(outcome("cpp", *counted))
        self.assertIn('{"a": "line 1", "seq": 8} … and the next 4\n', text)
        self.assertIn('{"a": "line 9", "seq": 16}\n', text)
        self.assertNotIn("line 2", text)

    def test_frames_that_take_turns_are_folded(self) -> None:
        turns = [{kind: n} for n in range(1, 7) for kind in ("message", "ack")]
        text = show(outcome("cpp", *turns, {"message": 7}))
        self.assertIn('{"message": 1} … and the next 6\n', text)
        self.assertIn('{"ack": 1} … and the next 5\n', text)

    def test_a_few_frames_that_count_on_are_shown(self) -> None:
        self.assertIn('{"a": 2}', show(outcome("cpp", *[{"a": n} for n in (1, 2, 3)])))

    def test_one_stack_alone_differs_from_nobody(self) -> None:
        self.assertNotIn(RED, show(outcome("cpp", {"a": 1})))


class TextTest(unittest.TestCase):
    def test_chinese_characters_take_two_columns(self) -> None:
        self.assertEqual(text_width("歡迎 A"), 6)
        self.assertEqual(pad("歡迎", 6), "歡迎  ")

    def test_no_line_is_too_wide_and_nothing_is_lost(self) -> None:
        for text in ("a few words, " * 9, "x" * 95, "歡迎加入聊天室" * 9, "歡迎 " * 20):
            lines = wrap(text, 20, "  ")
            self.assertLessEqual(max(map(text_width, lines)), 20)
            self.assertEqual("".join("".join(lines).split()), "".join(text.split()))


if __name__ == "__main__":
    unittest.main()
