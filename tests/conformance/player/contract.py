"""What a server promises in /asyncapi.json, held against what it sends."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import jsonschema

from .http_request import build_request, send_request
from .pattern import Json, is_rfc3339, show

_FORMATS = jsonschema.FormatChecker(formats=())
JSON_TYPE = "application/json"


@_FORMATS.checks("date-time")
def _is_timestamp(value: Json) -> bool:
    return not isinstance(value, str) or is_rfc3339(value)


def closed(schema: Json) -> Json:
    """The schema, but an object may have no field that it doesn't name.

    A client has to take fields that it doesn't know; a test asks whether they are described.
    """
    schema = copy.deepcopy(schema)
    _close(schema)
    return schema


def _close(schema: Json) -> None:
    if isinstance(schema, list):
        for each in schema:
            _close(each)
    elif isinstance(schema, dict):
        for each in schema.values():
            _close(each)
        if schema.get("type") == "object":
            schema["additionalProperties"] = False


class Contract:
    """The document, read for what each endpoint sends and receives."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.seen: set[str] = set()  # the names of the messages that have come
        self._endpoints = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(channel["address"]))), name)
            for name, channel in document["channels"].items()
        ]

    @classmethod
    async def fetch(cls, port: int) -> Contract:
        """Asks a server for its document."""
        answer = await send_request(port, build_request("GET", "/asyncapi.json", {}))
        return cls(json.loads(answer.body))

    def messages(self, path: str, action: str) -> dict[str, dict[str, Any]]:
        """What the endpoint at that path sends or receives, by name."""
        bare = path.split("?")[0]
        found = [name for address, name in self._endpoints if address.fullmatch(bare)]
        operation = self.document["operations"].get(f"{action}_{found[0]}") if found else None
        references = operation["messages"] if operation else []
        names = [reference["$ref"].rsplit("/", 1)[1] for reference in references]
        return {name: self.document["components"]["messages"][name] for name in names}

    def differences(self, path: str, value: Json) -> list[str]:
        """What is wrong with something that the server sent: it has to be one of the messages."""
        sent = self.messages(path, "send")
        if not isinstance(value, dict):
            plain = [name for name, message in sent.items() if not is_json(message)]
            self.seen.update(plain)
            return [] if plain else [f"{path} sends no {show(value)} by /asyncapi.json"]
        wrong = []
        fitting = []
        for name, message in sent.items():
            if is_json(message) and _is_of_type(message["payload"], value):
                error = best_error(closed(message["payload"]), value)
                if error:
                    wrong.append(f"{name}: {error}")
                else:
                    fitting.append(name)
        self.seen.update(fitting)
        if len(fitting) == 1:
            return []
        what = f"fits {', '.join(fitting)}" if fitting else "fits no message of /asyncapi.json"
        return [f"{show(value, 200)} on {path} {what}", *wrong]

    def accepts(self, path: str, value: Json) -> bool:
        """Whether a frame of a client follows the schema of its type."""
        messages = self.messages(path, "receive").values()
        return any(validator_of(each["payload"]).is_valid(value) for each in messages if is_json(each))

    def unseen(self) -> set[str]:
        """The messages of servers that have never come."""
        names = {name for name in self.document["components"]["messages"] if "server." in name}
        return names - self.seen


def is_json(message: dict[str, Any]) -> bool:
    """Whether a message isn't said to be something else."""
    return message.get("contentType", JSON_TYPE) == JSON_TYPE


def validator_of(schema: Json) -> jsonschema.Draft7Validator:
    """AsyncAPI's schemas are those of JSON Schema's seventh draft."""
    return jsonschema.Draft7Validator(schema, format_checker=_FORMATS)


def best_error(schema: Json, value: Json) -> str:
    """What is most wrong with a value; empty if nothing is."""
    error = jsonschema.exceptions.best_match(validator_of(schema).iter_errors(value))
    if error is None:
        return ""
    where = "/".join(str(part) for part in error.absolute_path)
    return f"{where}: {error.message}" if where else error.message


def _is_of_type(payload: Json, value: dict[str, Any]) -> bool:
    """Whether the constants of a schema, the type and the event, are those of the value."""
    properties = payload.get("properties", {})
    return all(
        properties[key]["const"] == value.get(key)
        for key in ("type", "event")
        if "const" in properties.get(key, {})
    )
