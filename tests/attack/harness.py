"""One attack: a server, those who use it, the one who attacks it, and what is measured of them."""

import math
import multiprocessing
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import traceback
from pathlib import Path

from client import Crowd, Refused, WebSocket, get_json, token
from victim import victims

fork = multiprocessing.get_context("fork")
SETUP = 90.0  # seconds that an attack may take to prepare
ROOT = Path(__file__).resolve().parents[2]


def memory(pid):
    """The resident memory of a process now, and at most so far, in MiB."""
    fields = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmHWM"):
            fields[name] = int(value.split()[0]) / 1024
    return fields.get("VmRSS", 0.0), fields.get("VmHWM", 0.0)


def cpu(pid):
    """Seconds of CPU that all threads of a process have used; the kernel counts nanoseconds."""
    return sum(
        int(each.read_text().split()[0]) for each in Path(f"/proc/{pid}/task").glob("*/schedstat")
    ) / 1e9


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Server:
    """The program under attack, on a free port of loopback."""

    def __init__(self, program, options, *, folder, tokens, stderr="file", files=None, unlimited=False):
        self.program = program
        self.help = subprocess.run(
            [program, "--help"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
        self.folder = folder
        self.secret = os.urandom(32).hex().encode() if tokens else None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [program, "--port", str(self.port), "--locale", "en", *options]
        if self.secret:
            path = Path(folder, "secret")
            path.write_bytes(self.secret + b"\n")
            command += ["--jwt-secret-file", str(path)]
        if unlimited:
            for option in sorted(set(re.findall(r"--(?:message|client)-rate[-a-z]*", self.help))):
                command += [option, "0"]
        self.pipe = None
        if stderr == "file":
            with open(Path(folder, "log"), "wb") as log:
                self.process = self._start(command, log, files)
        else:
            self.pipe, writer = os.pipe()
            self.process = self._start(command, writer, files)
            os.close(writer)
        self._wait()
        if stderr == "dead":
            os.close(self.pipe)
            self.pipe = None

    def _start(self, command, stderr, files):
        def limit():
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup would have it ignored
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            cwd=self.folder,
            preexec_fn=limit,
        )

    def _wait(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                get_json(self.port, "127.0.0.9", "/health", 5.0)
                return
            except (OSError, ValueError):
                time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"{self.program} does not serve")

    @property
    def pid(self):
        return self.process.pid

    def supports(self, option):
        return option + " " in self.help

    def alive(self):
        return self.process.poll() is None

    def stop(self, patience=20.0):
        """How many seconds it took to end after SIGTERM, and its status; it is killed after that."""
        begin = time.monotonic()
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            status = "killed"
        taken = time.monotonic() - begin
        self.kill()
        return taken, status

    def kill(self):
        if self.alive():
            self.process.kill()
            self.process.wait(10)
        if self.pipe is not None:
            os.close(self.pipe)
            self.pipe = None


class Context:
    """What an attack is given."""

    def __init__(self, server, seconds):
        self.server, self.port, self.pid = server, server.port, server.pid
        self.seconds = seconds
        self.ready = fork.Event()
        self.stop = fork.Event()
        self.deadline = None
        self.crowd = Crowd()
        self.notes = {}

    def begin(self):
        """The preparations are over; from here the time runs."""
        self.ready.set()
        self.deadline = time.monotonic() + self.seconds

    def running(self):
        return not self.stop.is_set() and time.monotonic() < self.deadline

    def count(self, what, number=1):
        self.notes[what] = self.notes.get(what, 0) + number

    def connect(self, path, address="127.0.1.1", **options):
        """A WebSocket, or None if it was refused; that is counted."""
        return self._counted(lambda: WebSocket(self.port, path, address, **options))

    def _counted(self, action):
        try:
            return action()
        except Refused as error:
            self.count(f"refused with {error}")
        except OSError as error:
            self.count(f"failed: {error.strerror or error}")
        return None

    def gather(self, many, path, addresses=("127.0.1.1",), **options):
        """A crowd of so many; `path` may be a function of the number."""
        for start in range(0, many, 50):
            if self.stop.is_set():
                break
            opening = []
            for number in range(start, min(many, start + 50)):
                where = path(number) if callable(path) else path
                address = addresses[number % len(addresses)]
                opening.append(self.connect(where, address, wait=False, **options))
            for member in filter(None, opening):
                if self._counted(lambda: member.finish() or True):  # noqa: B023
                    self.crowd.add(member)
            self.crowd.tick()
        self.settle()

    def settle(self, quiet=0.3, limit=30.0):
        """Until nothing more comes to the crowd for a moment."""
        deadline, last, seen = time.monotonic() + limit, time.monotonic(), self.crowd.bytes
        while time.monotonic() < deadline and not self.stop.is_set():
            self.crowd.tick(0.05)
            if self.crowd.bytes != seen:
                last, seen = time.monotonic(), self.crowd.bytes
            if time.monotonic() - last > quiet:
                return

    def members(self):
        return list(self.crowd.sockets.values())

    def token(self, user):
        return token(self.server.secret, user)


def _attacker(function, context, pipe):
    try:
        function(context)
    except Exception:
        context.notes["attack failed"] = traceback.format_exc(limit=3)
    context.ready.set()
    if context.crowd.closed:
        context.notes["closed by the server"] = context.crowd.closed
    pipe.send(context.notes)


def percentile(values, part):
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)]


def run(attack, program, seconds, memory_cap):
    """One row."""
    folder = tempfile.mkdtemp(prefix="chat-attack-")
    site = Path(folder, "site")
    site.mkdir()
    (site / "a").mkdir()
    (site / "index.html").write_text("<title>a page</title>")
    options = [*attack.options, "--tutorial-dir", str(site)]
    seconds = max(seconds, attack.least)
    row = {"attack": attack.name, "server": program, "load": os.getloadavg()[0], "seconds": seconds}
    started = []
    server = None
    try:
        server = Server(
            program,
            options,
            folder=folder,
            tokens=attack.tokens,
            stderr=attack.stderr,
            files=attack.files,
            unlimited=attack.unlimited,
        )
        _measure(row, attack, server, seconds, memory_cap, started)
        row["stop_seconds"], row["exit_status"] = server.stop()
    finally:
        for process in started:
            process.kill()
            process.join(10)
        if server:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return row


def _measure(row, attack, server, seconds, memory_cap, started):
    pid = server.pid
    tokens = (lambda user: token(server.secret, user)) if server.secret else (lambda user: None)
    stop = fork.Event()
    pipe, end = fork.Pipe(duplex=False)
    people = fork.Process(target=victims, args=(server.port, tokens, stop, end), daemon=True)
    people.start()
    started.append(people)
    if not pipe.poll(30) or (said := pipe.recv()) != "connected":
        row["verdict"] = f"the victims could not connect; the server's status: {server.process.poll()}"
        return
    row["rss_before"] = memory(pid)[0]
    context = Context(server, seconds)
    notes, notes_end = fork.Pipe(duplex=False)
    attacker = fork.Process(target=_attacker, args=(attack.function, context, notes_end), daemon=True)
    attacker.start()
    started.append(attacker)

    peak, most, ready_at, cpu_ready = 0.0, 0, None, 0.0
    begin = last = time.monotonic()
    cpu_last = cpu_start = cpu(pid)
    while attacker.is_alive() and not notes.poll(0.05):
        now = time.monotonic()
        if not server.alive():
            context.stop.set()
        else:
            try:
                rss, high = memory(pid)
                peak = max(peak, high)
                most = max(most, descriptors(pid))
                cpu_last, last = cpu(pid), now
            except (OSError, ValueError):
                continue
            if rss > memory_cap:
                row["memory_cap_hit_after"] = round(now - (ready_at or begin), 1)
                context.stop.set()
        if ready_at is None and context.ready.is_set():
            ready_at, cpu_ready = now, cpu_last
        if now - begin > SETUP and ready_at is None or ready_at and now - ready_at > seconds + 45:
            context.stop.set()
        if now - begin > SETUP + seconds + 75:
            attacker.kill()
    if server.alive():
        try:
            peak = max(peak, memory(pid)[1])
            cpu_last, last = cpu(pid), time.monotonic()
        except (OSError, ValueError):
            pass
    row["notes"] = notes.recv() if notes.poll(2) else {"attack failed": "it did not end"}
    if ready_at is None:
        ready_at, cpu_ready = begin, cpu_start
    row["setup_seconds"] = ready_at - begin
    row["cpu_percent"] = 100 * (cpu_last - cpu_ready) / max(0.001, last - ready_at)
    row["cpu_seconds"] = cpu_last - cpu_start
    row["peak_rss"], row["descriptors"] = peak, most
    stop.set()
    if pipe.poll(20):
        _people(row, pipe.recv())
    else:
        row["closed"] = ["the victims are stuck"]
    row["alive"] = server.alive()
    if server.alive():
        time.sleep(1.0)
        row["rss_after"] = memory(pid)[0]
        try:
            row["refusals"] = get_json(server.port, "127.0.0.9", "/ws/status", 10.0)["refusals"]
        except (OSError, ValueError, KeyError) as error:
            row["refusals"] = {f"unknown: {error}": 1}


def _people(row, them):
    milliseconds = [1000 * each for each in them["latencies"]]
    row["latencies_ms"] = [round(each, 2) for each in milliseconds]
    row["p50"], row["p99"] = percentile(milliseconds, 0.5), percentile(milliseconds, 0.99)
    row["closed"], row["victims"] = them["closed"], them["counts"]
    row["newcomer_max_ms"] = max((1000 * taken for taken, _ in them["newcomers"]), default=math.nan)
    row["newcomers_refused"] = sum(not good for _, good in them["newcomers"])
    row["newcomers"] = len(them["newcomers"])
