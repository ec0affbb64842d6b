"""Attacks by requests: security.md 1, 8, 9, 12; code.md 5."""

import json
import select
import time

from client import frame, request, tcp
from floods import long_name, named_members, quoted
from harness import cpu, memory
from registry import attack


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


@attack("security 1: /rooms and /ws/status asked 40 times a second and never read, with 15,840 rooms")
def unread_answers(context):
    context.gather(990, lambda number: f"/ws/chat/{quoted(long_name(number))}")
    context.notes["members"] = len(context.crowd)
    for index, member in enumerate(context.members()):
        joins = (json.dumps({"type": "join", "room": long_name(16 * index + each)}) for each in range(16))
        context.crowd.send(member, b"".join(frame(each) for each in joins))
        context.crowd.tick()
    context.settle()
    for path in ("/rooms", "/ws/status"):
        text = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        before = cpu(context.pid)
        answer = request(context.port, "127.0.1.1", text, 10.0, 64 << 20)
        context.notes[f"{path} bytes"] = len(answer)
        context.notes[f"{path} cpu ms"] = round(1000 * (cpu(context.pid) - before), 1)
    unread = []
    context.begin()
    start = time.monotonic()
    while context.running():
        due = start + len(unread) / 40
        context.crowd.tick(max(0.0, due - time.monotonic()))
        if time.monotonic() >= due:
            try:
                one = tcp(context.port, "127.0.1.1", rcvbuf=2048, timeout=5)
                one.sendall(get(("/rooms", "/ws/status")[len(unread) % 2]))
            except OSError:
                context.count("failed")
                one = None
            unread.append(one)
    context.notes["asked"] = len(unread)


@attack("security 8: 1,900 idle WebSockets opened with 16 KB of ?a&a&…", rss=200)
def query(context):
    before = memory(context.pid)[0]
    context.gather(1900, "/ws?" + "&".join("a" * 8000), ("127.0.1.1", "127.0.1.2"))
    many = len(context.crowd) or 1
    context.notes["open"] = len(context.crowd)
    context.notes["KiB each"] = round((memory(context.pid)[0] - before) * 1024 / many, 1)
    context.begin()
    while context.running():
        context.crowd.tick(0.2)


def half_posts(context, addresses, each, reopen):
    text = b"POST /ws/status HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n" + b"a:\r\n" * 4000 + b"\r\nhalf"
    before = memory(context.pid)[0]
    context.begin()
    sockets, poll = {}, select.epoll()
    while context.running():
        for address in addresses:
            for _ in range(max(0, each - sum(at == address for _, at in sockets.values()))):
                if not context.running():
                    break
                try:
                    one = tcp(context.port, address, timeout=1)
                    one.settimeout(1)
                    one.sendall(text)
                except OSError:
                    context.count("failed")
                    break
                context.count("opened")
                sockets[one.fileno()] = (one, address)
                poll.register(one.fileno(), select.EPOLLIN | select.EPOLLRDHUP)
        context.notes["most at a time"] = max(context.notes.get("most at a time", 0), len(sockets))
        if len(sockets):
            now = (memory(context.pid)[0] - before) * 1024 / len(sockets)
            context.notes["KiB each at the most"] = max(context.notes.get("KiB each at the most", 0), round(now))
        for number, _ in poll.poll(0.2):
            one, _ = sockets.pop(number)
            context.count("ended by the server")
            one.close()
        if not reopen:
            context.stop.wait(0.2)


@attack("security 9: one address opens 5,000 half-sent POSTs of 4,000 tiny fields", rss=400)
def http_one_address(context):
    half_posts(context, ("127.0.1.1",), 5000, True)


@attack(
    "security 9: 40 addresses open 60 such POSTs each; the server may have 2,048 descriptors",
    files=2048,
    check=lambda row: [f"a newcomer waited {row['newcomer_max_ms']:.0f} ms"] * (row["newcomer_max_ms"] > 1000),
)
def http_many_addresses(context):
    half_posts(context, [f"127.0.1.{number}" for number in range(1, 41)], 60, True)


def paths(context, under):
    text = get(under)
    sockets = []
    for _ in range(4):
        sockets.append(tcp(context.port, "127.0.1.1", timeout=5))
    context.begin()
    poll, asked, start, before = select.epoll(), 0, time.monotonic(), cpu(context.pid)
    for one in sockets:
        one.setblocking(False)
        poll.register(one.fileno(), select.EPOLLIN)
    by_number = {one.fileno(): one for one in sockets}
    waiting = {number: 0 for number in by_number}
    while context.running():
        due = start + asked / 400
        for number, _ in poll.poll(max(0.0, min(0.05, due - time.monotonic()))):
            try:
                chunk = by_number[number].recv(65536)
            except OSError:
                chunk = b""
            waiting[number] -= chunk.count(b"HTTP/1.1 ")
            context.count("answers", chunk.count(b"HTTP/1.1 "))
            context.count("429", chunk.count(b"HTTP/1.1 429"))
            if not chunk:
                poll.unregister(number)
                by_number.pop(number).close()
                waiting.pop(number)
                try:
                    one = tcp(context.port, "127.0.1.1", timeout=2)
                except OSError:
                    continue
                one.setblocking(False)
                by_number[one.fileno()], waiting[one.fileno()] = one, 0
                poll.register(one.fileno(), select.EPOLLIN)
        while by_number and time.monotonic() >= due:
            number = min(waiting, key=waiting.get)
            asked += 1
            due = start + asked / 400
            if waiting[number] < 8:
                try:
                    if by_number[number].send(text) == len(text):
                        waiting[number] += 1
                        context.count("asked")
                    else:  # a part of a request spoils what follows
                        by_number[number].shutdown(2)
                except OSError:
                    pass
    answers = context.notes.get("answers", 0) or 1
    context.notes["answers per second"] = round(answers / context.seconds)
    context.notes["cpu ms each"] = round(1000 * (cpu(context.pid) - before) / answers, 2)


@attack("security 12: a/../ 2,600 times under /tutorial, 400 a second")
def paths_tutorial(context):
    paths(context, "/tutorial/" + "a/../" * 2600)


@attack("security 12: chat/../ 1,900 times under /static, 400 a second")
def paths_static(context):
    paths(context, "/static/" + "chat/../" * 1900)


@attack("code 5: 1,900 named members, then /ws/status 200 times a second")
def status(context):
    named_members(context, 1900)
    begin, before, asked = time.monotonic(), cpu(context.pid), 0
    context.begin()
    while context.running():
        due = begin + asked / 200
        asked += 1
        context.crowd.tick(max(0.0, due - time.monotonic()))
        try:
            answer = request(
                context.port,
                "127.0.1.3",
                "GET /ws/status HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                5.0,
                16 << 20,
            )
        except OSError:
            context.count("failed")
            continue
        context.count("answers" if b" 200 " in answer[:20] else answer[9:12].decode() or "nothing")
        context.notes["bytes"] = max(context.notes.get("bytes", 0), len(answer))
    answers = context.notes.get("answers", 0) or 1
    context.notes["cpu ms each"] = round(1000 * (cpu(context.pid) - before) / answers, 2)
