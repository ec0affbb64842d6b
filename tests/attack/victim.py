"""Ordinary members during an attack: how long they wait for their own messages, and who is closed."""

import select
import threading
import time

from client import CLOSE, PING, PONG, Refused, WebSocket, close_reason, frame, frames_of, request

RATE = 8  # messages a second of each; the default limit is 10
MEMBERS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
NEWCOMER = "127.0.0.8"


class Member:
    def __init__(self, port, number, address, token):
        self.name = f"victim{number}"
        headers = [f"Authorization: Bearer {token}"] if token else []
        # A room of their own: their messages are no load on those who attack.
        path = f"/ws/chat/{self.name}?room=victims"
        self.socket = WebSocket(port, path, address, headers=headers)
        self.socket.socket.setblocking(False)
        self.mark = f'"probe {number} '.encode()
        self.number = number
        self.sent = []
        self.waiting = {}
        self.unsent = b""

    def probe(self, due):
        text = f'{{"message":"probe {self.number} {len(self.sent)}","room":"victims"}}'
        self.waiting[len(self.sent)] = due
        self.sent.append(due)
        self.unsent += frame(text)
        self.flush()

    def flush(self):
        try:
            if self.unsent:
                self.unsent = self.unsent[self.socket.socket.send(self.unsent) :]
        except BlockingIOError:
            pass


class Victims:
    """Open loop: each message has a time at which it is due, and its delay is counted from that."""

    def __init__(self, port, tokens):
        self.members = [
            Member(port, number, address, tokens(f"victim{number}"))
            for number, address in enumerate(MEMBERS)
        ]
        self.port = port
        self.latencies = []
        self.closed = []
        self.counts = {"joins": 0, "leaves": 0, "messages": 0, "bytes": 0, "refused": 0}
        self.newcomers = []
        self.arrived = None  # when the newcomer came who still waits

    def receive(self, member):
        while True:
            try:
                chunk = member.socket.socket.recv(262144)
            except BlockingIOError:
                return True
            except OSError as error:
                return self.lost(member, f"lost: {error.strerror}")
            if not chunk:
                return self.lost(member, "lost: the end")
            self.counts["bytes"] += len(chunk)
            member.socket.data += chunk
            now = time.monotonic()
            for opcode, payload in frames_of(member.socket.data):
                if opcode == CLOSE:
                    return self.lost(member, close_reason(payload))
                if opcode == PING:
                    member.unsent += frame(payload, PONG)
                    member.flush()
                else:
                    self.note(member, payload, now)

    def note(self, member, payload, now):
        at = payload.find(member.mark)
        if at >= 0:
            number = payload[at + len(member.mark) : payload.index(b'"', at + 1)]
            due = member.waiting.pop(int(number), None)
            if due is not None:
                self.latencies.append(now - due)
        elif member.number == 0:  # what one member is told
            if b'"type":"message"' in payload[:200]:
                self.counts["messages"] += b'"probe ' not in payload[:200]
            elif b'"event":"join"' in payload:
                self.counts["joins"] += 1
            elif b'"event":"leave"' in payload:
                self.counts["leaves"] += 1
        if b'"code":"' in payload[:100]:
            self.counts["refused"] += 1

    def lost(self, member, why):
        self.closed.append(f"{member.name}: {why}")
        self.poll.unregister(member.socket.fileno())
        member.socket.close()
        self.members.remove(member)
        return False

    def run(self, stop):
        self.poll = select.epoll()
        by_number = {member.socket.fileno(): member for member in self.members}
        for number in by_number:
            self.poll.register(number, select.EPOLLIN)
        threading.Thread(target=self.arrive, args=(stop,), daemon=True).start()
        start = time.monotonic()
        turns = 0
        while not stop.is_set():
            due = start + turns / (RATE * len(MEMBERS))
            for number, _ in self.poll.poll(max(0.0, min(0.05, due - time.monotonic()))):
                self.receive(by_number[number])
            while time.monotonic() >= due:
                for member in self.members:
                    if member.number == turns % len(MEMBERS):
                        try:
                            member.probe(due)
                        except OSError as error:
                            self.lost(member, f"lost: {error.strerror}")
                        break
                turns += 1
                due = start + turns / (RATE * len(MEMBERS))
        end = time.monotonic()
        # What is still on its way took at least so long.
        for member in self.members:
            self.latencies += [end - due for due in member.waiting.values()]
            member.socket.close()
        if (arrived := self.arrived) is not None:
            self.newcomers.append((end - arrived, False))
        self.counts["seconds"] = end - start
        return {
            "latencies": self.latencies,
            "closed": self.closed,
            "counts": self.counts,
            "newcomers": list(self.newcomers),
        }

    def arrive(self, stop):
        """Somebody new twice a second."""
        text = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        while not stop.wait(0.5):
            begin = self.arrived = time.monotonic()
            try:
                good = b"200 OK" in request(self.port, NEWCOMER, text, 15.0)
            except OSError:
                good = False
            self.arrived = None
            self.newcomers.append((time.monotonic() - begin, good))


def victims(port, tokens, stop, pipe):
    """The body of the process in which they live."""
    try:
        them = Victims(port, tokens)
    except (OSError, Refused) as error:
        pipe.send({"error": f"the victims cannot connect: {error!r}"})
        return
    pipe.send("connected")
    pipe.send(them.run(stop))
