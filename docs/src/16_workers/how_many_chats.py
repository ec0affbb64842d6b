"""Chapter 16: who hears whom? Members connect to one address, and each of them says one thing.

    how_many_chats.py [URL] [MEMBERS]

By default it's at ws://127.0.0.1, at the port of the environment's PORT, or 8000.

Exit status: 0 for one chat, 1 for several.
"""

import asyncio
import json
import os
import sys
import uuid

import websockets

PATIENCE = 1.0  # seconds without a message, then all have heard what they will hear


async def listen(websocket, heard: set[str]) -> None:
    async for text in websocket:
        frame = json.loads(text)
        if frame.get("type") == "message":
            heard.add(frame["username"])


# [chats]
async def who_hears_whom(url: str, count: int) -> dict[str, set[str]]:
    heard: dict[str, set[str]] = {f"M{n}": set() for n in range(1, count + 1)}
    members = [await websockets.connect(f"{url}/ws/chat/{name}") for name in heard]
    listeners = [asyncio.create_task(listen(*pair)) for pair in zip(members, heard.values())]
    for member in members:
        await member.send(json.dumps({"message": "Who hears me?", "id": uuid.uuid4().hex}))
    before = -1
    while (now := sum(map(len, heard.values()))) != before:
        before = now
        await asyncio.sleep(PATIENCE)
    for member, listener in zip(members, listeners):
        await member.close()
        await listener
    return heard


def find_chats(heard: dict[str, set[str]]) -> list[list[str]]:
    """Those who have heard the same are one chat."""
    chats: dict[frozenset[str], list[str]] = {}
    for name, names in heard.items():
        chats.setdefault(frozenset(names), []).append(name)
    return list(chats.values())
# [/chats]


if __name__ == "__main__":
    url = sys.argv[1] if len(sys.argv) > 1 else f"ws://127.0.0.1:{os.getenv('PORT', '8000')}"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    chats = find_chats(asyncio.run(who_hears_whom(url, count)))
    for chat in chats:
        print(f"{len(chat):3} hear each other: {' '.join(chat)}")
    print(f"{len(chats)} chat{'s' if len(chats) != 1 else ''}")
    sys.exit(len(chats) != 1)
