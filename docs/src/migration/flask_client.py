"""A client for the tutorial's Flask-SocketIO programs: type a text or a JSON object; Ctrl-C ends it.

NAME=Bob scripts/step.sh 06 flask --client. `{"type": "heartbeat"}` is the event "heartbeat"; without a
type, it is "message".
"""

import asyncio
import json
import os
import signal
import sys

import socketio


def event_of(line: str) -> tuple[str, object]:
    if not line.startswith("{"):
        return "message", line
    data = json.loads(line)
    return data.pop("type", "message"), data


def show(event: str, *data: object) -> None:
    print("<", event, *(json.dumps(part, ensure_ascii=False) for part in data), flush=True)


async def main(namespace: str) -> None:
    lines = asyncio.StreamReader()
    client = socketio.AsyncClient(reconnection=False, handle_sigint=False)
    client.on("*", show, namespace)
    client.on("disconnect", lines.feed_eof, namespace)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lines.feed_eof)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    url = f"http://{os.getenv('HOST', '127.0.0.1')}:{os.getenv('PORT', '8000')}"
    await client.connect(url, auth={"username": os.getenv("NAME", "Alice")}, namespaces=[namespace])
    while line := (await lines.readline()).decode().strip():
        event, data = event_of(line)
        await client.emit(event, data, namespace)
    await client.disconnect()
    await client.eio.http.close()  # still open if it was the server that disconnected
    print("disconnected")


asyncio.run(main(sys.argv[1]))
