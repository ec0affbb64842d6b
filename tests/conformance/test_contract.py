"""/asyncapi.json: it's valid itself, it says what the parser does, and what it forbids is found."""

import asyncio
import copy
import json
import os
import sys
import unittest
from pathlib import Path
from typing import Any

import jsonschema
import websockets

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from player.contract import Contract, best_error  # noqa: E402
from player.pattern import expand  # noqa: E402
from player.scenario import load_all  # noqa: E402
from player.server import Server  # noqa: E402

SPECIFICATION = ROOT / "node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
ENDPOINT = "/ws/chat/Alice"
TEXT_LIMIT = 40  # characters
LONGEST = 60_000  # bytes; longer messages end the connection

# For each field something of every kind, and both sides of every bound.
VALUES: "list[Any]" = [
    "", "x", "x" * 64, "x" * 65, "two words", "ü", "k3f9:41", "字" * TEXT_LIMIT,
    "字" * (TEXT_LIMIT + 1), 0, 1, 200, 201, -1, 2**64 - 1, 2**64, 1.5, True, False, None, [], {},
    ["x"], {"room": "cpp"},
]  # fmt: skip


def frames_of_scenarios() -> "set[str]":
    """Every text that somebody sends in a conversation, as far as it can be known here."""
    texts = set()
    for scenario in load_all(HERE / "scenarios", HERE / "faults"):
        for step in scenario.steps:
            if step.kind in ("send", "send_paced"):
                written = step.get("what")
                if written.startswith('"'):
                    written = json.loads(written, strict=False)
                texts.add(expand(written, {}, 1))
    return {text for text in texts if len(text.encode()) < LONGEST}


def made_up_frames(contract: Contract) -> "list[str]":
    """Frames of every type in which one field, or two, have each of VALUES."""
    frames: "list[dict[str, Any]]" = [{}, {"type": "nonsense"}, {"type": 5}, {"type": None}]
    for name, message in contract.messages(ENDPOINT, "receive").items():
        payload = message["payload"]
        least = {"type": name.split(".")[1]} | {key: "x" for key in payload.get("required", ())}
        least["type"] = name.split(".")[1]
        frames += [least, {**least, "unknown": 5}]
        for key in payload["properties"]:
            frames += [{**least, key: value} for value in VALUES]
            frames.append({other: least[other] for other in least if other != key})
    frames += [
        {"type": "history", one: first, other: second}
        for one, other in (("inbox", "room"), ("since", "before"), ("inbox", "since"))
        for first in (True, False, None, "", "x:1", 1)
        for second in (None, "", "x:1", 1)
    ]
    return [json.dumps(frame) for frame in frames]


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None  # which no schema takes


async def refusals(port: int, texts: "list[str]") -> "dict[str, str]":
    """What the server says to each frame: the code of an error about its form, or nothing."""
    about_form = ("invalid_format", "unknown_type", "text_too_long")
    answers = {}
    async with websockets.connect(f"ws://127.0.0.1:{port}{ENDPOINT}") as client:
        for number, text in enumerate(texts):
            # Nobody is in that room, and the answer that says so comes behind all others.
            room = f"end of {number}"
            await client.send(text)
            await client.send(json.dumps({"type": "leave", "room": room}))
            codes = []
            while (frame := json.loads(await client.recv())).get("room") != room:
                codes.append(frame["code"] if frame["type"] == "error" else "")
            answers[text] = next((code for code in codes if code in about_form), "")
    return answers


def specification() -> "dict[str, Any]":
    """AsyncAPI's own schema, without what it says of the `$id` of schemas: jsonschema takes that
    for an `$id` of its own."""

    def without_id(value: Any) -> Any:
        if isinstance(value, list):
            return [without_id(each) for each in value]
        if isinstance(value, dict):
            return {key: without_id(each) for key, each in value.items() if key != "$id"}
        return value

    return without_id(json.loads(SPECIFICATION.read_text(encoding="utf-8")))


async def ask_the_server() -> "tuple[Contract, dict[str, str]]":
    """Its document, and what it says to many frames."""
    server = await Server.start("cpp", ("--max-text-length", str(TEXT_LIMIT)))
    try:
        contract = await Contract.fetch(server.port)
        texts = [*frames_of_scenarios(), *made_up_frames(contract)]
        return contract, await refusals(server.port, list(dict.fromkeys(texts)))
    finally:
        await server.stop()


class ContractTest(unittest.TestCase):
    contract: Contract
    answers: "dict[str, str]"

    @classmethod
    def setUpClass(cls) -> None:
        cls.contract, cls.answers = asyncio.run(ask_the_server())

    def test_the_document_is_what_asyncapi_asks_for(self) -> None:
        schema = specification()
        self.assertEqual(best_error(schema, self.contract.document), "")
        broken = copy.deepcopy(self.contract.document)
        broken["channels"]["ws_chat"]["adress"] = broken["channels"]["ws_chat"].pop("address")
        self.assertNotEqual(best_error(schema, broken), "")
        broken = copy.deepcopy(self.contract.document)
        broken["operations"]["send_ws_chat"]["action"] = "shout"
        self.assertNotEqual(best_error(schema, broken), "")

    def test_each_reference_leads_somewhere_and_each_schema_is_one(self) -> None:
        def references(value: Any) -> "set[str]":
            if isinstance(value, dict):
                own = {value["$ref"]} if "$ref" in value else set()
                return own.union(*(references(each) for each in value.values()))
            return set().union(*(references(each) for each in value)) if isinstance(value, list) else set()

        found = references(self.contract.document)
        self.assertGreater(len(found), 50)
        for reference in found:
            place = self.contract.document
            for part in reference.removeprefix("#/").split("/"):
                place = place[part]
        for message in self.contract.document["components"]["messages"].values():
            jsonschema.Draft7Validator.check_schema(message["payload"])

    def test_the_parser_refuses_what_the_schemas_refuse(self) -> None:
        answers = self.answers
        differing = {
            text[:200]: answer
            for text, answer in answers.items()
            if self.contract.accepts(ENDPOINT, parsed(text)) == bool(answer)
        }
        self.assertEqual(differing, {})
        refused = sum(bool(answer) for answer in answers.values())
        self.assertGreater(refused, 200)
        self.assertGreater(len(answers) - refused, 200)

    def test_what_the_document_does_not_describe_is_found(self) -> None:
        ack = {"type": "ack", "id": "a", "seq": 1, "epoch": "e", "timestamp": "2024-01-01T12:00:00Z"}
        self.assertEqual(self.contract.differences(ENDPOINT, ack), [])
        left_out = {key: value for key, value in ack.items() if key != "seq"}
        ping = {"type": "ping", "timestamp": "2024-01-01T12:00:00Z"}
        for path, frame in (
            (ENDPOINT, {**ack, "extra": 1}),
            (ENDPOINT, left_out),
            (ENDPOINT, {**ack, "seq": "1"}),
            (ENDPOINT, {**ack, "duplicate": False}),
            (ENDPOINT, {**ack, "timestamp": "yesterday"}),
            (ENDPOINT, {"type": "error", "code": "odd", "message": "", "retry": True}),
            (ENDPOINT, {"type": "news"}),
            (ENDPOINT, "a text"),
            (ENDPOINT, ping),
            ("/ws", ack),
        ):
            self.assertNotEqual(self.contract.differences(path, frame), [], (path, frame))
        self.assertEqual(self.contract.differences(f"{ENDPOINT}/heartbeat", ping), [])


if __name__ == "__main__":
    unittest.main()
