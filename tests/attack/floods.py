"""Attacks by WebSockets that are loud: security.md 3, 4, 7, 13, 14, 17; code.md 3."""

import json
import threading
import time

from client import BINARY, CLOSE, PING, PONG, TEXT, close_reason, frame, frames_of
from harness import cpu, memory
from registry import attack

LONG = "\U00020000"  # a letter of four bytes


def long_name(number):
    """A name of 32 letters and 128 bytes."""
    return "".join(chr(0x20000 + (number >> shift & 0x3FF)) for shift in (0, 10)) + LONG * 30


def quoted(name):
    return "".join(f"%{byte:02X}" for byte in name.encode())


def readers(context, rates):
    """Ordinary readers of so many Mbit/s each; the notes say what became of them."""
    results, threads = {}, []

    def read(rate, number):
        member = context.connect("/ws/chat", f"127.0.0.{20 + number}", rcvbuf=65536)
        if not member:
            results[rate] = "refused"
            return
        joined.release()
        got, start = 0, time.monotonic()
        received = 0
        while not finished.is_set():
            # It sleeps until its rate allows the next piece.
            finished.wait(max(0.0, start + 8 * got / (rate * 1e6) - time.monotonic()))
            member.socket.settimeout(0.05)
            try:
                chunk = member.socket.recv(max(1024, int(rate * 1e6 / 8 * 0.01)))
            except TimeoutError:
                start, got = time.monotonic(), 0
                continue
            except OSError as error:
                results[rate] = f"lost: {error.strerror}"
                return
            if not chunk:
                results[rate] = "lost: the end"
                return
            got += len(chunk)
            received += len(chunk)
            member.data += chunk
            for opcode, payload in frames_of(member.data):
                if opcode == CLOSE:
                    results[rate] = close_reason(payload)
                    return
                if opcode == PING:
                    member.send(payload, PONG)
        results[rate] = f"open, {received / 1e6:.1f} MB"

    finished, joined = threading.Event(), threading.Semaphore(0)
    for number, rate in enumerate(rates):
        threads.append(threading.Thread(target=read, args=(rate, number), daemon=True))
        threads[-1].start()
    for _ in rates:
        joined.acquire(timeout=10)

    def end():
        finished.set()
        for thread in threads:
            thread.join(10)
        return {f"{rate} Mbit/s": results.get(rate, "stuck") for rate in rates}

    return end


def readers_closed(row):
    return [
        f"the reader of {rate}: {what}"
        for rate, what in row["notes"].get("readers", {}).items()
        if not what.startswith("open")
    ]


LOUD = frame(json.dumps({"message": LONG * 4000}, ensure_ascii=False))


def spend(context, many, sustained):
    end = readers(context, (1, 5, 10, 20, 50))
    context.gather(many, "/ws/chat")
    context.begin()
    for member in context.members():
        context.crowd.send(member, LOUD * 39)
    sent, start = 0, time.monotonic()
    while context.running():
        context.crowd.tick(0.02)
        if sustained and time.monotonic() > start + sent / 9:
            sent += 1
            for member in context.members():
                context.crowd.send(member, LOUD)
    context.notes["readers"] = end()


@attack("security 3: ten connections spend their burst, 39 texts of 16 KB each, once", check=readers_closed, least=20)
def burst(context):
    spend(context, 10, False)


@attack("security 3: the same by three connections", check=readers_closed, least=20)
def burst_of_three(context):
    spend(context, 3, False)


@attack("security 3: ten connections spend their burst and go on at 9 texts a second", check=readers_closed, least=20)
def burst_and_on(context):
    spend(context, 10, True)


@attack(
    "security 4: connects anew for each burst, 100 times a second, 29 open at a time",
    check=lambda row: ["more than 300 messages a second"] * (row["victims"]["messages"] / row["seconds"] > 300),
)
def reconnect(context):
    text = frame('{"message":"again"}') * 39
    oldest, made = [], 0
    context.begin()
    start = time.monotonic()
    while context.running():
        due = start + made / 100
        context.crowd.tick(max(0.0, due - time.monotonic()))
        made += 1
        if member := context.connect("/ws/chat", timeout=2):
            context.crowd.add(member)
            context.crowd.send(member, text)
            context.count("opened")
            oldest.append(member)
        while len(oldest) > 29:
            member = oldest.pop(0)
            if member in context.crowd:
                context.crowd.leave(member)
    context.notes["opened per second"] = round(context.notes.get("opened", 0) / context.seconds, 1)


# The hash of a Boost.JSON object (detail/digest.hpp), of which an object of 4,096 fields uses the low
# 12 bits. The salt is the address of its table, a multiple of 16: there are 256 cases.
PRIME = 0x1B3
INVERSE = pow(PRIME, -1, 4096)
LETTERS = [code for code in range(0x23, 0x7F) if code != 0x5C]


def colliding(salt):
    """An object of 4,096 fields whose keys all are in bucket 0, if the table is there."""
    endings = {}
    for last in LETTERS:
        value = last * INVERSE & 0xFFF
        for state in range(4096):
            code = state ^ value
            if code in LETTER_SET:
                endings.setdefault(state, []).append(bytes((code, last)))
    keys, first = [], (0x2325 + salt) & 0xFFF
    for one in LETTERS:
        state_one = (first ^ one) * PRIME & 0xFFF
        for two in LETTERS:
            for three in LETTERS[:4]:
                state = ((state_one ^ two) * PRIME & 0xFFF ^ three) * PRIME & 0xFFF
                keys += [bytes((one, two, three)) + ending for ending in endings.get(state, ())]
                if len(keys) >= 4096:
                    return b"{" + b",".join(b'"%b":0' % key for key in keys[:4096]) + b"}"
    raise AssertionError("too few keys")


LETTER_SET = set(LETTERS)


def cost_of(context, member, text):
    """Seconds of CPU that one frame takes; an attacker would learn the same from the clock."""
    before = cpu(context.pid)
    member.send(text)
    while answer := member.receive(5.0):
        if answer[0] == CLOSE:
            break
        if b'"type":"error"' in answer[1][:40]:
            return cpu(context.pid) - before
    return None


@attack("security 7: 40 connections send objects of 4,096 colliding keys, 10 a second each")
def hash_flood(context):
    costs = {}
    member, asked = None, 0
    for salt in range(0, 4096, 16):
        if member is None or asked >= 36:
            if member:
                member.close()
            member, asked = context.connect("/ws/chat?room=flood"), 0
            if member is None:
                break
        asked += 1
        cost = cost_of(context, member, colliding(salt))
        if cost is None:
            member = None
        else:
            costs[salt] = cost
    if member:
        member.close()
    ordered = sorted(costs, key=costs.get)
    if not ordered:
        context.notes["attack failed"] = "no object was answered"
        context.begin()
        return
    best = ordered[-1]
    context.notes["typical ms"] = round(1000 * costs[ordered[len(ordered) // 2]], 2)
    context.notes["worst ms"] = round(1000 * costs[best], 2)
    context.gather(40, "/ws/chat?room=flood")
    flood(context, frame(colliding(best)), 9.5)


def flood(context, text, rate):
    """All of the crowd send `text` at that rate, until the end."""
    context.begin()
    start, turns = time.monotonic(), 0
    while context.running():
        due = start + turns / rate
        context.crowd.tick(max(0.0, due - time.monotonic()))
        if time.monotonic() >= due:
            turns += 1
            for member in context.members():
                context.crowd.send(member, text)
                context.count("sent")
    context.notes["sent per second"] = round(context.notes.get("sent", 0) / context.seconds)
    context.notes["MB per second back"] = round(context.crowd.bytes / context.seconds / 1e6, 1)


def named_members(context, many):
    begin = time.monotonic()
    context.gather(
        many, lambda number: f"/ws/chat/{quoted(long_name(number))}", ("127.0.1.1", "127.0.1.2")
    )
    context.notes["members"] = len(context.crowd)
    context.notes["seconds to join"] = round(time.monotonic() - begin, 1)


@attack("security 13: 20 of 1,000 named members ask who, 10 times a second")
def who(context):
    named_members(context, 1000)
    asking = context.members()[:20]
    before = context.crowd.bytes
    text = frame('{"type":"who"}')
    context.begin()
    start, turns = time.monotonic(), 0
    while context.running():
        due = start + turns / 9.5
        context.crowd.tick(max(0.0, due - time.monotonic()))
        if time.monotonic() >= due:
            turns += 1
            for member in asking:
                if member in context.crowd:
                    context.crowd.send(member, text)
                    context.count("asked")
    context.notes["MB per second back"] = round((context.crowd.bytes - before) / context.seconds / 1e6, 1)


def endless(context, path, data, many=8, rcvbuf=None, rest=0.0):
    """Sends `data` as fast as the server takes it, and reads what comes, with a rest after each piece."""
    members = []
    for _ in range(many):
        if member := context.connect(path, rcvbuf=rcvbuf):
            member.socket.settimeout(0.5)
            members.append(member)
    context.begin()
    sent, got, closed = [0], [0], [0]

    def write(member):
        view = memoryview(data)
        at = 0
        while context.running():
            try:
                at = (at + (done := member.socket.send(view[at:]))) % len(data)
                sent[0] += done
            except TimeoutError:
                continue
            except OSError:
                return

    def read(member):
        while context.running():
            try:
                chunk = member.socket.recv(262144)
            except TimeoutError:
                continue
            except OSError:
                chunk = b""
            if not chunk:
                closed[0] += 1
                return
            got[0] += len(chunk)
            if rest:
                time.sleep(rest)

    threads = [threading.Thread(target=each, args=(member,)) for member in members for each in (read, write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    context.notes["MB sent"], context.notes["MB back"] = round(sent[0] / 1e6), round(got[0] / 1e6)
    context.notes["closed"] = f"{closed[0]} of {len(members)}"
    return sent[0]


@attack("security 14: 64 KB binary messages to /ws without end, 8 connections")
def echo_flood(context):
    endless(context, "/ws", frame(bytes(65536), BINARY) * 4)


@attack("security 14: pings without end, 8 connections")
def ping_flood(context):
    one = frame(b"", PING)
    sent = endless(context, "/ws", one * 20000)
    context.notes["pings per second"] = round(sent / len(one) / context.seconds)


@attack("code 3: tiny texts to /ws without end, 4 connections that stay ahead of what they read", rss=100)
def inbox(context):
    one = frame("a", TEXT)
    sent = endless(context, "/ws", one * 20000, 4, rcvbuf=8192, rest=0.001)
    context.notes["texts per second"] = round(sent / len(one) / context.seconds)


@attack("security 17: 200 connections to /ws send 64 KB messages and never read", rss=800)
def unread_echo(context):
    before = memory(context.pid)[0]
    context.begin()
    members = []
    for number in range(200):
        if member := context.connect("/ws", f"127.0.1.{1 + number % 2}", rcvbuf=4096):
            member.socket.setblocking(False)
            members.append(member)
    data = frame(bytes(65536), BINARY) * 64
    written = [0] * len(members)
    while context.running():
        for index, member in enumerate(members):
            try:
                written[index] += member.socket.send(data[written[index] % len(data) :])
            except OSError:
                pass
        context.stop.wait(0.1)
    context.notes["KiB each"] = round((memory(context.pid)[0] - before) * 1024 / (len(members) or 1))
    context.notes["KB each in the kernels"] = round(sum(written) / 1000 / (len(members) or 1))
