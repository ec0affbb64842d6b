"""Sockets as an attacker and as an ordinary member use them: raw, so that nothing is out of reach."""

import base64
import hashlib
import hmac
import json
import re
import select
import socket
import struct
import time

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
CLOSING = re.compile(rb"\x88[\x02-\x7d](\x03[\xe8-\xf7])([ -~]*)\Z", re.DOTALL)


def frame(payload, opcode=TEXT):
    """A frame from a client. Its mask is zero: RFC 6455 allows it, and it saves the XOR."""
    if isinstance(payload, str):
        payload = payload.encode()
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    return head + bytes(4) + payload


def frames_of(data):
    """Takes each whole frame of a server out of the bytearray `data`: (opcode, payload)."""
    start, found, end = 0, [], len(data)
    while end - start >= 2:
        size, body = data[start + 1] & 127, start + 2
        if size == 126:
            if end - start < 4:
                break
            size, body = struct.unpack_from("!H", data, start + 2)[0], start + 4
        elif size == 127:
            if end - start < 10:
                break
            size, body = struct.unpack_from("!Q", data, start + 2)[0], start + 10
        if end < body + size:
            break
        found.append((data[start] & 15, bytes(data[body : body + size])))
        start = body + size
    del data[:start]
    return found


def tcp(port, address, *, rcvbuf=None, timeout=10):
    """A connection from that loopback address."""
    connection = socket.socket()
    try:
        if rcvbuf is not None:  # before the connection, or the window is already larger
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(timeout)
        connection.bind((address, 0))
        connection.connect(("127.0.0.1", port))
    except OSError:
        connection.close()
        raise
    return connection


def handshake(path, headers=(), host="127.0.0.1"):
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Refused(Exception):
    """The server answered a handshake with something else than 101."""


class WebSocket:
    """A blocking client."""

    def __init__(self, port, path, address, *, headers=(), rcvbuf=None, timeout=10, wait=True):
        self.pending = []
        self.socket = tcp(port, address, rcvbuf=rcvbuf, timeout=timeout)
        try:
            self.socket.sendall(handshake(path, headers))
        except OSError:
            self.socket.close()
            raise
        if wait:
            self.finish()

    def finish(self):
        """Waits for the answer to the handshake; without `wait` that is the caller's to do."""
        try:
            self.head, self.data = self._head()
        except OSError:
            self.socket.close()
            raise
        self.status = int(self.head.split(b" ", 2)[1])
        if self.status != 101:
            self.socket.close()
            raise Refused(self.status)

    def _head(self):
        got = bytearray()
        while (end := got.find(b"\r\n\r\n")) < 0:
            chunk = self.socket.recv(4096)
            if not chunk:
                raise ConnectionError("closed during the handshake")
            got += chunk
        return bytes(got[:end]), got[end + 4 :]

    def fileno(self):
        return self.socket.fileno()

    def send(self, payload, opcode=TEXT):
        self.socket.sendall(frame(payload, opcode))

    def receive(self, timeout=5.0):
        """The next frame that is no ping; pings are answered. None if none comes in time or at the end."""
        deadline = time.monotonic() + timeout
        while True:
            while self.pending:
                opcode, payload = self.pending.pop(0)
                if opcode != PING:
                    return opcode, payload
                self.send(payload, PONG)
            self.pending += frames_of(self.data)
            if self.pending:
                continue
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                chunk = self.socket.recv(262144)
            except OSError:
                return None
            if not chunk:
                return None
            self.data += chunk

    def close(self):
        self.socket.close()


def close_reason(payload):
    """`1013 Slow consumer`"""
    if len(payload) < 2:
        return "no code"
    return f"{struct.unpack_from('!H', payload)[0]} {payload[2:].decode(errors='replace')}".strip()


class Crowd:
    """Many WebSockets of which only the end matters: what they receive is thrown away."""

    def __init__(self):
        self.sockets = {}
        self.closed = {}
        self.bytes = 0
        self.unsent = {}
        self.poll = select.epoll()
        self.next_pong = time.monotonic() + 4

    def __len__(self):
        return len(self.sockets)

    def add(self, member):
        member.socket.setblocking(False)
        self.sockets[member.fileno()] = member
        self.poll.register(member.fileno(), select.EPOLLIN)
        if end := CLOSING.search(bytes(member.data[-128:])):
            self.drop(member.fileno(), close_reason(end[1] + end[2]))

    def __contains__(self, member):
        return self.sockets.get(member.fileno()) is member

    def drop(self, number, why):
        """The server has ended it."""
        self.closed[why] = self.closed.get(why, 0) + 1
        self.leave(self.sockets[number])

    def leave(self, member):
        number = member.fileno()
        self.poll.unregister(number)
        self.unsent.pop(number, None)
        self.sockets.pop(number).close()

    def tick(self, timeout=0.0):
        """Reads what has come, and keeps the members alive."""
        for number, _ in self.poll.poll(timeout):
            member = self.sockets[number]
            try:
                chunk = member.socket.recv(262144)
            except BlockingIOError:
                continue
            except OSError:
                chunk = b""
            if not chunk:
                self.drop(number, "the end")
                continue
            self.bytes += len(chunk)
            if end := CLOSING.search(chunk, max(0, len(chunk) - 128)):
                self.drop(number, close_reason(end[1] + end[2]))
        for number in list(self.unsent):
            self.send(self.sockets[number], b"")
        if time.monotonic() > self.next_pong:
            self.next_pong = time.monotonic() + 4
            for member in list(self.sockets.values()):
                self.send(member, frame(b"", PONG))

    def send(self, member, data):
        """Now, or in the ticks that follow; False while something waits."""
        number = member.fileno()
        data = self.unsent.pop(number, b"") + data
        try:
            data = data[member.socket.send(data) :]
        except BlockingIOError:
            pass
        except OSError:
            return False  # a tick will find out
        if data:
            self.unsent[number] = data
        return not data


def request(port, address, text, timeout=5.0, limit=65536):
    """Sends `text`, and gives what comes until the end or the time is up."""
    with tcp(port, address, timeout=timeout) as connection:
        connection.sendall(text.encode() if isinstance(text, str) else text)
        got, deadline = bytearray(), time.monotonic() + timeout
        while len(got) < limit and (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            try:
                chunk = connection.recv(65536)
            except OSError:
                break
            if not chunk:
                got += b"\n(end)"
                break
            got += chunk
        return bytes(got)


def get_json(port, address, path, timeout=10.0):
    got = request(
        port,
        address,
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        timeout,
        64 << 20,
    )
    head, _, body = got.removesuffix(b"\n(end)").partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise ValueError(head.split(b"\r\n", 1)[0].decode(errors="replace") or "no answer")
    return json.loads(body)


def token(secret, user, minutes=60):
    """A JSON Web Token (HS256) as scripts/token.sh makes them, with the standard library alone."""

    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    head = encode(b'{"alg":"HS256","typ":"JWT"}')
    body = encode(json.dumps({"sub": user, "exp": int(time.time()) + minutes * 60}).encode())
    signed = head + b"." + body
    return (signed + b"." + encode(hmac.digest(secret, signed, hashlib.sha256))).decode()
