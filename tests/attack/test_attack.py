"""The attacks run, count and judge. How long the victims wait is not looked at: that needs a quiet machine."""

import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import answers  # noqa: E402, F401
from client import CLOSE, CLOSING, TEXT, close_reason, frames_of  # noqa: E402
from floods import colliding, long_name  # noqa: E402
from harness import ROOT, percentile, run  # noqa: E402
from registry import ATTACKS  # noqa: E402
from run import line, verdict  # noqa: E402

PROGRAM = str(ROOT / os.environ.get("CHAPTER08", "build/release/chapter08/chapter08"))


class Pieces(unittest.TestCase):
    def test_the_keys_of_an_object_share_one_bucket(self):
        def digest(key, salt):  # boost/json/detail/digest.hpp
            value = 0xCBF29CE484222325 + salt
            for each in key:
                value = (each ^ value) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
            return value

        for salt in (0x7F0012345010, 0x55AA0FF0):
            keys = {key.encode() for key in json.loads(colliding(salt & 0xFF0))}
            self.assertEqual(len(keys), 4096)
            self.assertEqual({digest(key, salt) % 4096 for key in keys}, {0})

    def test_frames_are_taken_from_pieces(self):
        data = bytearray()
        found = []
        for each in b"\x81\x02ab\x81\x7e\x00\x80" + b"x" * 128 + b"\x88\x06\x03\xf5Slow":
            data.append(each)
            found += frames_of(data)
        self.assertEqual([opcode for opcode, _ in found], [TEXT, TEXT, CLOSE])
        self.assertEqual(len(found[1][1]), 128)
        self.assertEqual(close_reason(found[2][1]), "1013 Slow")
        self.assertEqual(CLOSING.search(b"before\x88\x06\x03\xf5Slow")[2], b"Slow")

    def test_long_names_differ(self):
        names = {long_name(number) for number in range(15840)}
        self.assertEqual(len(names), 15840)
        self.assertEqual({len(name.encode()) for name in names}, {128})

    def test_percentiles(self):
        self.assertEqual(percentile(range(1, 101), 0.99), 99)
        self.assertEqual(percentile([7], 0.5), 7)


@unittest.skipUnless(os.path.exists(PROGRAM), "the server is not built")
class Attacks(unittest.TestCase):
    def attacked(self, name):
        attack = ATTACKS[name]
        row = run(attack, PROGRAM, 2, 2500)
        row["wrong"] = verdict(row, attack, attack.rss)
        self.assertNotIn("attack failed", row["notes"], line(row))
        self.assertEqual(row["closed"], [], line(row))
        self.assertTrue(row["alive"])
        self.assertEqual(row["exit_status"], 0)
        self.assertGreater(row["peak_rss"], 1)
        return row["notes"]

    def test_one_token_opens_some_sessions(self):
        self.assertGreater(self.attacked("sessions")["open"], 0)

    def test_each_transfer_encoding_is_answered(self):
        answers = self.attacked("transfer-encoding")["answers"]
        self.assertEqual(len(answers), 8)
        self.assertNotIn("nothing", answers.values())

    def test_a_crowd_takes_places(self):
        notes = self.attacked("places")
        self.assertGreater(notes["taken"], 0)
        self.assertGreater(sum(notes["with a token"].values()), 0)


if __name__ == "__main__":
    unittest.main()
