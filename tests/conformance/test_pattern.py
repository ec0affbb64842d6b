"""The matcher: what fits a pattern, and what is said when something does not."""

import sys
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from player.pattern import (  # noqa: E402
    PatternError,
    differences,
    expand,
    expand_pattern,
    is_rfc3339,
    parse_pattern,
)


def compare(pattern: str, actual: Any) -> list[str]:
    return differences(parse_pattern(pattern), actual, {})


class PatternTest(unittest.TestCase):
    def test_fields_that_are_not_named_may_be_anything(self) -> None:
        self.assertEqual(compare('{"a":1}', {"a": 1, "b": 2}), [])

    def test_kept_numbers_are_counted_on(self) -> None:
        kept: dict[str, str] = {}
        self.assertEqual(differences(parse_pattern('{"a":<number as seq>}'), {"a": 7}, kept), [])
        self.assertEqual(expand("since=k:<seq>, <seq+2>, <seq-1>, <other+1>", kept), "since=k:7, 9, 6, <other+1>")
        pattern = expand_pattern(parse_pattern('{"a":<seq+1>,"b":<other>}'), kept)
        self.assertEqual(differences(pattern, {"a": 8, "b": 1}, kept), ["b: expected <kept as other>, got 1"])

    def test_each_field_that_differs_gets_a_line(self) -> None:
        self.assertEqual(
            compare('{"a":1,"b":"x","c":true}', {"a": 2, "b": "x"}),
            ["a: expected 1, got 2", "c: expected true, but the field is missing"],
        )

    def test_nested_fields_are_named_by_their_path(self) -> None:
        self.assertEqual(
            compare('{"a":[{"b":1}]}', {"a": [{"b": 2}]}), ["a[0].b: expected 1, got 2"]
        )

    def test_lists_must_have_the_same_length(self) -> None:
        self.assertEqual(compare('{"a":[1]}', {"a": [1, 2]}), ["a: expected 1 items, got [1, 2]"])

    def test_true_is_not_1_but_30_is_30_point_0(self) -> None:
        self.assertEqual(len(compare("1", True)), 1)
        self.assertEqual(len(compare("false", 0)), 1)
        self.assertEqual(compare("30", 30.0), [])

    def test_placeholders_stand_for_their_kind_only(self) -> None:
        fitting: dict[str, Any] = {
            "any": None,
            "text": "",
            "number": 1.5,
            "timestamp": "2024-01-01T12:00:00.5Z",
            "datetime": "2024-01-01T12:00:00.123456",
        }
        for kind, value in fitting.items():
            self.assertEqual(compare(f'{{"a":<{kind}>}}', {"a": value}), [], kind)
            if kind != "any":
                self.assertEqual(len(compare(f'{{"a":<{kind}>}}', {"a": []})), 1, kind)
        self.assertEqual(len(compare("<number>", True)), 1)
        self.assertEqual(len(compare("<timestamp>", fitting["datetime"])), 1)

    def test_absent(self) -> None:
        self.assertEqual(compare('{"a":<absent>}', {"b": 1}), [])
        self.assertEqual(
            compare('{"a":<absent>}', {"a": 1}), ["a: expected no such field, got 1"]
        )

    def test_a_placeholder_inside_a_string_is_text(self) -> None:
        self.assertEqual(compare('{"a":"<any>"}', {"a": "<any>"}), [])
        self.assertEqual(len(compare('{"a":"<any>"}', {"a": "else"})), 1)

    def test_kept_values_can_be_used_again(self) -> None:
        kept: dict[str, str] = {}
        self.assertEqual(differences(parse_pattern('{"a":<any as it>}'), {"a": "x"}, kept), [])
        self.assertEqual(expand_pattern({"b": ["<it>!"]}, kept), {"b": ["x!"]})

    def test_repetition_and_count(self) -> None:
        self.assertEqual(expand("<3 x><n>", {}, 7), "xxx7")

    def test_what_is_not_json_is_refused(self) -> None:
        with self.assertRaises(PatternError):
            parse_pattern('{"a":')

    def test_rfc3339(self) -> None:
        for good in ("2024-01-01T12:00:00Z", "2024-02-29t00:00:00.1+08:00"):
            self.assertTrue(is_rfc3339(good), good)
        for bad in ("", "2024-01-01T12:00:00", "2024-01-01 12:00:00Z", "2023-02-29T00:00:00Z"):
            self.assertFalse(is_rfc3339(bad), bad)


if __name__ == "__main__":
    unittest.main()
