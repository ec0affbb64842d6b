"""Attacks by what is said, and ends that do not come: security.md 2, 10, 11, 15, 16, 17; code.md 1, 2, 4, 7."""

import json
import os
import re
import select
import signal
import threading
import time

from client import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    Refused,
    WebSocket,
    close_reason,
    frame,
    frames_of,
    handshake,
    request,
    tcp,
)
from harness import descriptors
from registry import attack, wrong_if


def admitted(context, address, user):
    """What becomes of somebody with a valid token: `open`, or why not."""
    try:
        headers = [f"Authorization: Bearer {context.token(user)}"]
        member = WebSocket(context.port, f"/ws/chat/{user}", address, headers=headers, timeout=5)
    except Refused as error:
        return f"refused with {error}"
    except OSError as error:
        return f"failed: {error.strerror or error}"
    answer = member.receive(5.0)
    member.close()
    if answer is None:
        return "no answer"
    return close_reason(answer[1]) if answer[0] == CLOSE else "open"


@attack(
    "security 2: two addresses open 2,000 sockets on /ws without a token, then people with one come",
    tokens=True,
    check=wrong_if(
        ("a valid token was kept out", lambda notes: set(notes["with a token"]) != {"open"}),
    ),
)
def places(context):
    begin = time.monotonic()
    context.gather(2000, "/ws", ("127.0.1.1", "127.0.1.2"))
    context.notes["taken"] = len(context.crowd)
    context.notes["seconds"] = round(time.monotonic() - begin, 2)
    seen = context.notes["with a token"] = {}
    context.begin()
    number = 0
    while context.running():
        what = admitted(context, f"127.0.2.{1 + number % 20}", f"member{number}")
        seen[what] = seen.get(what, 0) + 1
        number += 1
        for _ in range(5):
            context.crowd.tick(0.05)


@attack(
    "security 10: one token opens 301 sessions",
    tokens=True,
    check=wrong_if(("301 sessions of one user are open", lambda notes: notes["open"] == 301)),
)
def sessions(context):
    headers = [f"Authorization: Bearer {context.token('mallory')}"]
    addresses = [f"127.0.1.{number}" for number in range(1, 5)]
    context.gather(301, "/ws/chat/mallory", addresses, headers=headers)
    context.notes["open"] = len(context.crowd)
    answers = {}
    for path in ("/ws/chat", "/ws"):
        member = context.connect(path, "127.0.1.9")
        got = member.receive(1.0) if member else None
        answers[path] = "open" if got is None or got[0] != CLOSE else close_reason(got[1])
        if member:
            member.close()
    answer = request(context.port, "127.0.1.9", "GET /rooms HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    answers["/rooms"] = answer[9:12].decode()
    context.notes["without a token"] = answers
    context.begin()
    while context.running():
        context.crowd.tick(0.1)


def chatter(context):
    """400 connections come and go, each of which the log tells of."""
    context.begin()
    number = 0
    while context.running() and number < 20000:
        number += 1
        address = f"127.0.{1 + number % 8}.1"
        if member := context.connect(f"/ws/chat/guest{number}", address, timeout=2):
            context.count("opened")
            member.close()
        time.sleep(0.005)


def log_check(row):
    wrong = []
    if not row["alive"]:
        wrong.append("the server has died")
    elif row["exit_status"] != 0:
        wrong.append(f"SIGTERM: status {row['exit_status']} after {row['stop_seconds']:.0f} s")
    return wrong


@attack("security 11: nobody reads the pipe of stderr", stderr="unread", check=log_check)
def log_unread(context):
    chatter(context)


@attack("security 11: the reader of stderr has ended", stderr="dead", check=log_check)
def log_dead(context):
    chatter(context)


def hup_check(row):
    """Either it stops as by SIGTERM, with goodbyes, or it goes on."""
    notes = row["notes"]
    if notes["after SIGHUP"] == "running" or "1001" in notes["a member was told"]:
        return []
    return [f"it ended, and a member was told: {notes['a member was told']}"]


@attack("security 11: SIGHUP", latency=None, check=hup_check)
def log_hup(context):
    member = context.connect("/ws/chat")
    while member.receive(0.5):
        pass
    context.begin()
    os.kill(context.pid, signal.SIGHUP)
    told, deadline = "nothing", time.monotonic() + 3
    while time.monotonic() < deadline:
        got = member.receive(0.5)
        if got and got[0] == CLOSE:
            told = close_reason(got[1])
            member.send(got[1], CLOSE)
            break
        try:
            if not got and not select.select([member.socket], [], [], 0)[0]:
                continue
            if not got:
                told = "the end without a goodbye"
                break
        except OSError:
            break
    context.notes["a member was told"] = told
    time.sleep(0.5)
    try:
        state = open(f"/proc/{context.pid}/stat").read().rsplit(")", 1)[1].split()[0]
    except OSError:
        state = "gone"
    context.notes["after SIGHUP"] = "ended" if state in ("Z", "X", "gone") else "running"


def status_of(answer):
    """`405, 200, end`: the answers in what came."""
    found = [each.decode() for each in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]
    return ", ".join(found + ["end"] * answer.endswith(b"\n(end)")) or "nothing"


@attack(
    "security 15: DNS rebinding, Host and Origin both evil.example",
    latency=None,
    check=wrong_if(("evil.example gets 101", lambda notes: notes["answer"].startswith("101"))),
)
def rebinding(context):
    context.begin()
    text = handshake("/ws/chat", ["Origin: http://evil.example"], "evil.example")
    context.notes["answer"] = status_of(request(context.port, "127.0.1.1", text, 1.0))
    text = handshake("/ws/chat", ["Origin: http://localhost"], "localhost")
    context.notes["localhost"] = status_of(request(context.port, "127.0.1.1", text, 1.0))


CODINGS = (
    "xchunked", "gzip", "identity", "chunked, identity", "gzip, chunked", "chunked, chunked", "\x0bchunked",
)


@attack(
    "security 16: a second request hidden in the body of one with a strange Transfer-Encoding",
    latency=None,
    check=wrong_if(
        (
            "a body runs as the next request",
            lambda notes: any("200" in answer for answer in notes["answers"].values()),
        ),
    ),
)
def transfer_encoding(context):
    context.begin()
    hidden = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answers = context.notes["answers"] = {}
    for coding in CODINGS:
        text = f"POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: {coding}\r\n\r\n{hidden}"
        answers[repr(coding)] = status_of(request(context.port, "127.0.1.1", text, 1.0))
    text = "POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    answers["chunked and Content-Length"] = status_of(
        request(context.port, "127.0.1.1", text + hidden, 1.0)
    )


@attack(
    "security 17: what answers give away",
    latency=None,
    check=wrong_if(
        ("101 says a version", lambda notes: re.search(r"\d", notes["101 says Server"])),
        ("JSON without no-store", lambda notes: "no-store" not in notes["Cache-Control of /ws/status"]),
        ("a dotfile is served", lambda notes: notes["GET /static/.secret"].startswith("200")),
        ("SVG without a policy", lambda notes: notes["policy of an SVG"] == "nothing"),
    ),
)
def details(context):
    context.begin()

    def field(head, name):
        found = re.search(rb"(?im)^%b: *([^\r]*)" % name.encode(), head)
        return found[1].decode() if found else "nothing"

    def ask(path):
        return request(
            context.port, "127.0.1.1", f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 2.0
        )

    member = context.connect("/ws")
    context.notes["101 says Server"] = field(member.head, "Server")
    context.notes["Cache-Control of /ws/status"] = field(ask("/ws/status"), "Cache-Control")
    # The site is a folder of the harness, in the server's working folder.
    site = os.path.join(context.server.folder, "site")
    for name in (".secret", "picture.svg"):
        with open(os.path.join(site, name), "w") as file:
            file.write("<svg xmlns='http://www.w3.org/2000/svg'/>")
    context.notes["GET /static/.secret"] = status_of(ask("/tutorial/.secret"))
    context.notes["policy of an SVG"] = field(ask("/tutorial/picture.svg"), "Content-Security-Policy")
    context.notes["root is mentioned in the log"] = "root" in open(
        os.path.join(context.server.folder, "log")
    ).read()


@attack(
    "code 1: readers that stop, and then send a ping, a close or nothing, are behind by more than the limit",
    options=["--handshake-timeout", "1"],
    unlimited=True,
    least=20,
    latency=None,
    check=wrong_if(("some are kept", lambda notes: any(notes["kept at the end"].values()))),
)
def clogged(context):
    kinds = {"nothing": b"", "ping": frame(b"now", PING), "close": frame(b"\x03\xe8", CLOSE)}
    for _ in range(4):
        if one := context.connect("/ws/chat?room=noise", "127.0.1.9"):
            context.crowd.add(one)
    quiet = []
    for kind in kinds:
        for number in range(10):
            if one := context.connect("/ws/chat?room=noise", f"127.0.1.{1 + number % 2}", rcvbuf=4096):
                quiet.append((kind, number, one))
    context.settle()
    text = frame(json.dumps({"message": "x" * 4000, "room": "noise"})) * 7
    context.begin()
    started = time.monotonic()
    gone = context.notes["seconds until all were let go"] = {}
    step = 0
    while context.running() and len(gone) < len(kinds):
        # 112 KB to each that does not read. The moment that hurts is when its outbox is neither empty
        # nor full: the pings come at each step, the closes at one step each.
        step += 1
        for one in context.members() if step <= 80 else ():
            context.crowd.send(one, text)
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            context.crowd.tick(0.01)
        for kind, number, one in quiet:
            if kind == "ping" or kind == "close" and step == 3 * number + 3:
                try:
                    one.socket.send(kinds[kind])
                except OSError:
                    pass
        kept = kept_by_kind(context.port, quiet)
        for kind in kinds:
            if not kept[kind] and kind not in gone:
                gone[kind] = round(time.monotonic() - started, 1)
    context.notes["kept at the end"] = kept
    context.notes["seconds"] = round(time.monotonic() - started, 1)


def kept_by_kind(port, quiet):
    """Which of our connections the server's process still has: a socket without one has the inode 0."""
    established = set()
    for line in open("/proc/net/tcp").readlines()[1:]:
        fields = line.split()
        local, remote, inode = fields[1], fields[2], fields[9]
        if int(local.split(":")[1], 16) == port and inode != "0":
            established.add(int(remote.split(":")[1], 16))
    kept = {}
    for kind, _, one in quiet:
        kept[kind] = kept.get(kind, 0) + (one.socket.getsockname()[1] in established)
    return kept


@attack(
    "code 2: handshakes of two reads race the stop",
    latency=None,
    check=wrong_if(("101 after SIGTERM and no 1001", lambda notes: notes["answers"].get("101, no goodbye", 0) > 0)),
)
def stop_race(context):
    text = handshake("/ws/chat", ["X-Long: " + "a" * 900])
    sockets = [tcp(context.port, "127.0.1.1", timeout=15) for _ in range(40)]
    before = descriptors(context.pid)
    while descriptors(context.pid) > before:
        before = descriptors(context.pid)
        time.sleep(0.3)  # until all are accepted
    context.begin()
    # While the server is halted, heads and signal come: it finds all of them at once when it goes on.
    os.kill(context.pid, signal.SIGSTOP)
    for one in sockets:
        one.sendall(text)
    os.kill(context.pid, signal.SIGTERM)
    os.kill(context.pid, signal.SIGCONT)
    answers = context.notes["answers"] = {}
    deadline = time.monotonic() + 14
    for one in sockets:
        got = bytearray()
        while (left := deadline - time.monotonic()) > 0:
            one.settimeout(left)
            try:
                chunk = one.recv(65536)
            except OSError:
                break
            if not chunk:
                break
            got += chunk
            _, end, rest = got.partition(b"\r\n\r\n")
            if end and any(opcode == CLOSE for opcode, _ in frames_of(bytearray(rest))):
                break
        head, _, rest = got.partition(b"\r\n\r\n")
        if b" 101 " in head[:20]:
            goodbye = [close_reason(each) for opcode, each in frames_of(bytearray(rest)) if opcode == CLOSE]
            what = f"101, {goodbye[0]}" if goodbye else "101, no goodbye"
        else:
            what = head[9:12].decode() or "closed without an answer"
        answers[what] = answers.get(what, 0) + 1
        one.close()


@attack(
    "code 4: a peer that reads 500 KB a second has 6 MB of echo before it; pings each second",
    options=["--ws-ping-interval", "1"],
    latency=None,
    check=wrong_if(("it was cut", lambda notes: not notes["the reader"].startswith("open"))),
)
def busy_inbox(context):
    member = context.connect("/ws", rcvbuf=65536)
    data = frame(bytes(60000), BINARY) * 200
    context.begin()

    pongs = []
    lock = threading.Lock()

    def write():
        view, at = memoryview(data), 0
        member.socket.settimeout(1)
        while context.running() and at < len(data):
            try:
                at += member.socket.send(view[at : at + 60014 * 2])
            except TimeoutError:
                continue
            except OSError:
                return
            # Between two messages, so that the pongs are whole.
            if at % 60014 == 0:
                with lock:
                    while pongs:
                        member.socket.sendall(pongs.pop())
        context.notes["sent all"] = at == len(data)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    got, start, what = 0, time.monotonic(), None
    while context.running():
        time.sleep(max(0.0, start + got / 500_000 - time.monotonic()))
        try:
            chunk = member.socket.recv(16384)
        except TimeoutError:
            continue
        except OSError as error:
            what = f"lost: {error.strerror}"
            break
        if not chunk:
            what = "lost: the end"
            break
        got += len(chunk)
        member.data += chunk
        for opcode, payload in frames_of(member.data):
            if opcode == CLOSE:
                what = close_reason(payload)
            elif opcode == PING:
                with lock:
                    pongs.append(frame(payload, PONG))
                context.count("pings seen")
        if what:
            break
    took = time.monotonic() - start
    context.notes["the reader"] = f"{what or 'open'} after {took:.1f} s"


@attack(
    "code 7: Expect: 100-continue, and the body of a request that will be refused",
    latency=None,
    check=wrong_if(("it is not answered within 2 s", lambda notes: notes["answer"] == "nothing")),
)
def expect(context):
    context.begin()
    begin = time.monotonic()
    with tcp(context.port, "127.0.1.1", timeout=2) as one:
        one.sendall(
            b"POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
        )
        try:
            got = one.recv(65536)
        except OSError:
            got = b""
    context.notes["answer"] = status_of(got)
    context.notes["ms"] = round(1000 * (time.monotonic() - begin), 1)
