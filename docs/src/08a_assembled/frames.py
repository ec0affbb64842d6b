"""Chapter 08: what goes over the wire, from chapters 03, 06 and 07."""

import json


def chat(username: str, data: dict) -> dict:
    return {"type": "message", "username": username, "message": data["message"]}


def private_message(sender: str, data: dict) -> dict:
    return {"type": "private", "from": sender, "message": data["message"]}


def confirmation(target: str) -> dict:
    message = f"Private message sent to {target}"
    return {"type": "confirmation", "message": message, "target_user": target}


def error(code: str, message: str) -> dict:
    return {"type": "error", "code": code, "message": message}


PING = {"type": "ping"}
HEARTBEAT_ACK = {"type": "heartbeat_ack"}


def parse(text: str) -> dict | None:
    """What a client sent: an object, or None if it is anything else."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None


def text_of(data: dict, field: str) -> str | None:
    """A field that is a text, or None."""
    value = data.get(field)
    return value if isinstance(value, str) else None
