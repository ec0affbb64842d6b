"""The reader of `.chat` files, frames in words, HTTP expectations and lists of known failures."""

import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from player.frames import FrameError, build_frame, encode, parse_bytes  # noqa: E402
from player.http_request import Answer, answer_differences, parse_expected  # noqa: E402
from player.known import (  # noqa: E402
    FAILED,
    KNOWN,
    PASSED,
    UNLISTED_PASS,
    judge,
    load_known_failures,
)
from player.outcome import Outcome  # noqa: E402
from player.scenario import (  # noqa: E402
    GRAMMAR,
    STACKS,
    Scenario,
    ScenarioError,
    Step,
    load_all,
    parse,
    parse_step,
)
from player.server import command  # noqa: E402
from player.steps import Steps  # noqa: E402

PATH = Path("some.chat")


def step(text: str) -> Step:
    return parse_step(text, 1, PATH)


def scenario(text: str) -> Scenario:
    return parse(text, PATH)


class StepTest(unittest.TestCase):
    def test_every_kind_of_step_can_be_played(self) -> None:
        for kind in GRAMMAR:
            self.assertTrue(hasattr(Steps, f"_do_{kind}"), kind)

    def test_lines_become_steps(self) -> None:
        kinds = {
            "Alice, Bob and Carol are in the room": "enter",
            "Alice connects to /ws/chat/Alice": "connect",
            "Alice is refused at /nowhere with 404": "refused",
            'Alice sends {"message":"x"}': "send",
            'Alice sends 3 times {"message":"<n>"}': "send",
            'Alice sends 3 times, one by one, {"message":"<n>"}': "send_paced",
            "Alice sends binary 00 ff": "send_binary",
            "Alice sends raw bytes 81 05": "send_raw",
            'Alice sends the frame FIN TEXT "x"': "send_frame",
            'Alice receives {"a":1} within 2 s': "receive",
            "Alice receives binary 00 ff": "receive_binary",
            'Alice receives pong "x"': "receive_pong",
            "Bob and Carol receive nothing": "receive_nothing",
            "Bob receives nothing for 2 s": "receive_nothing",
            "the server closes Bob with 1008 Invalid username": "closed",
            "Bob disconnects with 4321": "disconnect",
            "Bob vanishes": "vanish",
            "GET /health answers 200": "http",
            'GET /ws/status answers 200 {"connected_count":1} within 2 s': "http",
            'the request "X\\r\\n\\r\\n" answers 400': "raw_http",
            'Bob sees 3 times {"message":"<n>"}': "see",
            "Bob connects to /ws/chat/Bob on the other server": "connect",
            "Redis is killed": "kill_redis",
            "Redis starts again": "start_redis",
            "Redis starts empty": "start_redis",
            "the server is stopped": "stop_server",
            "the server is killed": "kill_server",
            "the server starts again": "start_server",
            "the server exits with 0 within 5 s": "server_exits",
        }
        for text, kind in kinds.items():
            self.assertEqual(step(text).kind, kind, text)

    def test_names(self) -> None:
        self.assertEqual(step("Alice, Bob and Carol vanish").names, ["Alice", "Bob", "Carol"])
        self.assertEqual(step("everybody receives nothing").names, ["everybody"])

    def test_a_window_is_not_part_of_what_is_expected(self) -> None:
        received = step('Alice receives {"type":"ping"} after 0.3 to 2 s')
        self.assertEqual(received.get("what"), '{"type":"ping"}')
        self.assertEqual((received.seconds("least"), received.seconds("most")), (0.3, 2.0))
        closed = step("the server closes Bob with 1002 or 1007 after 1 to 2 s")
        self.assertEqual((closed.get("code"), closed.get("reason")), ("1002 or 1007", ""))
        closed = step("the server closes Bob with 1008 Heartbeat timeout within 5 s")
        self.assertEqual((closed.get("reason"), closed.seconds("within")), ("Heartbeat timeout", 5))
        asked = step('GET /ws/status answers 200 {"connected_count":1} within 5 s')
        self.assertEqual((asked.get("rest"), asked.seconds("within")), (' {"connected_count":1}', 5))

    def test_what_is_no_step_is_refused_with_its_place(self) -> None:
        with self.assertRaisesRegex(ScenarioError, "some.chat:3: not a step: alice dances"):
            scenario("# Title\n\nalice dances\n")


class ScenarioTest(unittest.TestCase):
    def test_a_second_server_is_started_where_somebody_connects_to_it(self) -> None:
        one = "# A title.\n\nAlice connects to /ws\n  > Origin: http://example.org\n"
        two = one + "Bob connects to /ws on the other server\n  > Origin: http://example.org\n"
        self.assertFalse(scenario(one).has_two_servers)
        self.assertTrue(scenario(two).has_two_servers)
        self.assertEqual(scenario(two).steps[1].get("path"), "/ws")
        self.assertIn("> Origin", scenario(two).steps[1].get("headers"))

    def test_a_server_whose_redis_was_killed_is_not_used_again(self) -> None:
        self.assertTrue(scenario("# A title.\n\nRedis is killed\n").stops_the_server)

    def test_head_headers_and_continuation(self) -> None:
        read = scenario(
            "# A title.\n# Why\n# it is.\nstacks: cpp\nneeds: --heartbeat-interval 0.2\n\n"
            'Alice receives {"a":1,\n    "b":2}\n'
        )
        self.assertEqual((read.title, read.about), ("A title.", "Why it is."))
        self.assertEqual((read.stacks, read.needs), (("cpp",), ("--heartbeat-interval", "0.2")))
        self.assertEqual(read.steps[0].get("what"), '{"a":1,\n"b":2}')

    def test_what_is_missing_or_unknown_is_refused(self) -> None:
        for text in ("Alice vanishes\n", "# Title\n", "# Title\nstacks: perl\nAlice vanishes\n"):
            with self.assertRaises(ScenarioError):
                scenario(text)

    def test_slow_readers_are_known_beforehand(self) -> None:
        read = scenario("# T\nAlice and Bob are in the room\nBob stops reading\n")
        self.assertEqual(read.slow_readers(), {"Bob"})

    def test_a_server_that_starts_again_is_there_at_the_end(self) -> None:
        killed = "# T\nAlice is in the room\nthe server is killed\n"
        self.assertTrue(scenario(killed).ends_without_server)
        self.assertFalse(scenario(killed + "the server starts again\n").ends_without_server)
        self.assertFalse(scenario("# T\nAlice is in the room\n").ends_without_server)

    def test_another_program_of_fastapi_is_named_in_the_head(self) -> None:
        read = scenario("# T\nprogram: 15_delivery/naive_app.py\nAlice is in the room\n")
        self.assertIn("naive_app:app", command("fastapi", (), None, read.program)[0])

    def test_every_stack_has_the_settings_that_its_scenarios_need(self) -> None:
        for read in load_all(HERE / "scenarios", HERE / "faults"):
            for stack in read.stacks:
                self.assertTrue(command(stack, read.needs, None, read.program), read.name)

    def test_every_fault_says_what_goes_wrong(self) -> None:
        for read in load_all(HERE / "faults"):
            self.assertGreater(len(read.about), 80, read.name)


class FrameTest(unittest.TestCase):
    """Section 5.7 of RFC 6455 gives the first two."""

    def test_an_unmasked_text(self) -> None:
        self.assertEqual(build_frame('unmasked FIN TEXT "Hello"', {}).hex(), "810548656c6c6f")

    def test_a_fragment_of_an_unmasked_text(self) -> None:
        self.assertEqual(build_frame('unmasked TEXT "Hel"', {}).hex(), "010348656c")

    def test_flags_opcodes_and_payloads(self) -> None:
        self.assertEqual(build_frame("unmasked FIN RSV1 RSV3 0xB 00 ff", {}).hex(), "db0200ff")
        self.assertEqual(build_frame("unmasked FIN CLOSE", {}).hex(), "8800")

    def test_a_masked_payload_is_masked(self) -> None:
        frame = build_frame('FIN TEXT "Hello"', {})
        key, payload = frame[2:6], frame[6:]
        self.assertEqual(frame[1], 0x80 | 5)
        self.assertEqual(bytes(b ^ key[i % 4] for i, b in enumerate(payload)), b"Hello")

    def test_the_three_lengths(self) -> None:
        for size, head in ((125, 2), (126, 4), (65535, 4), (65536, 10)):
            self.assertEqual(len(encode(0x82, bytes(size), masked=False)), head + size)

    def test_bytes(self) -> None:
        self.assertEqual(parse_bytes("00 fF", {}), b"\x00\xff")
        self.assertEqual(parse_bytes('"<3 x>\\u00e9"', {}), b"xxx\xc3\xa9")
        for wrong in ("0", "xyz", "00ff"):
            with self.assertRaises(FrameError):
                parse_bytes(wrong, {})
        with self.assertRaises(FrameError):
            build_frame("FIN HELLO 00", {})


class HttpTest(unittest.TestCase):
    def test_headers_sent_and_expected_and_the_body(self) -> None:
        expected = parse_expected(' {"a":1}\n> If-None-Match: <tag>\n< ETag: <any as tag>')
        self.assertEqual(expected.send, {"If-None-Match": "<tag>"})
        kept: dict[str, str] = {}
        answer = Answer(200, {"etag": '"1"'}, b'{"a":1,"b":2}')
        self.assertEqual(answer_differences(200, expected, answer, kept), [])
        self.assertEqual(kept, {"tag": '"1"'})

    def test_differences(self) -> None:
        expected = parse_expected('{"a":1}\n< Allow: GET…\n< Server: <absent>\n< Vary: a or b')
        answer = Answer(404, {"server": "x", "vary": "c"}, b'{"a":2}')
        self.assertEqual(
            answer_differences(405, expected, answer, {}),
            [
                'status: expected 405, got 404 {"a":2}',
                "Allow: expected GET…, but the header is missing",
                "Server: expected no such header, got x",
                "Vary: expected a or b, got c",
                "a: expected 1, got 2",
            ],
        )


class KnownFailuresTest(unittest.TestCase):
    def read(self, text: str) -> dict[str, str]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "list.txt"
            path.write_text(text, encoding="utf-8")
            return load_known_failures(path, {"some", "other"})

    def test_names_and_reasons(self) -> None:
        self.assertEqual(self.read("# head\n\nsome: it is so\n"), {"some": "it is so"})
        for wrong in ("nothing: why\n", "some:\n", "some: a\nsome: b\n"):
            with self.assertRaises(ValueError):
                self.read(wrong)

    def test_verdicts(self) -> None:
        good = Outcome(scenario("# T\nAlice vanishes\n"), "cpp")
        bad = Outcome(good.scenario, "cpp", differences=["something"])
        self.assertEqual(judge(good, {}).status, PASSED)
        self.assertEqual(judge(bad, {}).status, FAILED)
        self.assertEqual(judge(bad, {"some": "why"}).status, KNOWN)
        self.assertEqual(judge(good, {"some": "why"}).status, UNLISTED_PASS)
        self.assertFalse(judge(good, {"some": "why"}).ok)

    def test_the_lists_name_scenarios_that_their_stacks_play(self) -> None:
        scenarios = {s.name: s for s in load_all(HERE / "scenarios", HERE / "faults")}
        for stack in STACKS:
            known = load_known_failures(HERE / "known_failures" / f"{stack}.txt", set(scenarios))
            for name in known:
                self.assertIn(stack, scenarios[name].stacks, name)


if __name__ == "__main__":
    unittest.main()
