"""WebSocket frames written in the words of RFC 6455: `FIN RSV1 TEXT "Hello"`, `PING unmasked`."""

from __future__ import annotations

import json
import os
import re
import struct

from .pattern import Variables, expand

_OPCODES = {"CONTINUATION": 0, "TEXT": 1, "BINARY": 2, "CLOSE": 8, "PING": 9, "PONG": 10}
_BITS = {"FIN": 0x80, "RSV1": 0x40, "RSV2": 0x20, "RSV3": 0x10}
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}(?: |$))+")


class FrameError(ValueError):
    """A frame that cannot be read."""


def parse_bytes(text: str, variables: Variables) -> bytes:
    """Bytes as hexadecimal pairs (`00 ff`) or as a JSON string, taken as UTF-8."""
    if not text:
        return b""
    if text.startswith('"'):
        content: str = json.loads(text)
        return expand(content, variables).encode()
    if not _HEX.fullmatch(text):
        raise FrameError(f'neither a "string" nor bytes such as 00 ff: {text}')
    return bytes.fromhex(text)


def build_frame(words: str, variables: Variables) -> bytes:
    """Encodes a frame from its flags, its opcode (by name, or `0x3`) and its payload.

    It is masked as a client's must be, unless `unmasked` is among the words.
    """
    first, masked = 0, True
    rest = words.strip()
    while True:
        word, _, rest = rest.partition(" ")
        if word == "unmasked":
            masked = False
        elif word in _BITS:
            first |= _BITS[word]
        elif word in _OPCODES:
            first |= _OPCODES[word]
            break
        elif re.fullmatch(r"0x[0-9a-fA-F]", word):
            first |= int(word, 16)
            break
        else:
            raise FrameError(f"no flag and no opcode: {word or 'nothing'}")
    return encode(first, parse_bytes(rest.strip(), variables), masked)


def encode(first: int, payload: bytes, masked: bool = True) -> bytes:
    """Puts the two to fourteen bytes of a frame's head before its payload (section 5.2)."""
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        head = struct.pack("!BB", first, mask_bit | len(payload))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, mask_bit | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, len(payload))
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
