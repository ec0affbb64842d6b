"""What is measured: the loads, and how often each is repeated."""

from __future__ import annotations

from dataclasses import dataclass

Options = tuple[str, ...]


@dataclass(frozen=True)
class Load:
    """One run of the load tool."""

    name: str
    kind: str  # echo, chat, idle, stall, offered or churn
    title: str
    about: str
    connections: int
    options: Options
    patience: int = 20  # seconds for all connections to open
    rate: int = 0  # messages a second that are offered, whatever comes back
    waves: int = 1  # runs of the load tool, one after the other on the same server

    @property
    def mode(self) -> str:
        return "chat" if self.kind in ("stall", "offered") else self.kind

    def command_options(self) -> list[str]:
        """The options that are the same for each stack."""
        return [
            *("--connections", str(self.connections)),
            *self.options,
            *("--connect-timeout", str(self.patience)),
        ]


@dataclass(frozen=True)
class Visit:
    """Loads that a fresh server gets one after the other."""

    loads: tuple[Load, ...]
    rounds: int


@dataclass(frozen=True)
class Plan:
    """All visits."""

    visits: tuple[Visit, ...]

    @property
    def loads(self) -> list[Load]:
        return [load for visit in self.visits for load in visit.loads]

    @property
    def rounds(self) -> int:
        return max(visit.rounds for visit in self.visits)


# Messages that are offered a second; each goes to 100 members.
RATES = (50, 100, 200, 400, 800, 1600, 3200, 6400, 9600)
QUICK_RATES = (50, 200, 800, 3200)


def make_plan(quick: bool, long: bool = False) -> Plan:
    """The measurements of a full run, or those that fit into two minutes."""
    window = _window(0.3, 1.0) if quick else _window(0.5, 3.0)
    # Members join one after the other: FastAPI's broadcast must not see its set change.
    join = ("--concurrency", "1")
    echo = Load(
        "echo",
        "echo",
        "Echo",
        "50 clients send 64 bytes each to /ws and wait for the answer before they send again.",
        50,
        window,
    )
    chat = Load(
        "chat_100",
        "chat",
        "Chat, 100 members",
        "4 of 100 members send; each sends again when its own message has come back to it. "
        "Every message is delivered to all 100.",
        100,
        ("--senders", "4", *join, *window),
    )
    stall = Load(
        "stall",
        "stall",
        "One stuck reader",
        "10 members talk, 200 messages of 16 KiB a second in all, and an eleventh never reads. "
        "How long does one of the others have to wait for the next message?",
        10,
        # The tool is not to wait long for messages that a frozen room will never deliver.
        ("--senders", "4", "--rate", "200", "--payload", "16384", "--stalled", "1", *join)
        + (*(_window(0.3, 2.0) if quick else _window(0.5, 4.0)), "--drain", "1"),
    )
    if quick:
        offered = tuple(_offered(rate, _window(0.3, 1.0)) for rate in QUICK_RATES)
        return Plan((Visit((_idle(100), echo, chat, stall), 1), Visit(offered, 1)))
    busy = Load(
        "chat_busy",
        "chat",
        "Busy chat, 100 members",
        "10 of 100 members send, each with 16 messages on their way at a time.",
        100,
        ("--senders", "10", "--window", "16", *join, *window),
    )
    crowd = Load(
        "chat_1000",
        "chat",
        "Chat, 1,000 members",
        "4 of 1,000 members send; each sends again when its own message has come back.",
        1000,
        ("--senders", "4", *join, *_window(1.0, 3.0)),
        patience=45,
    )
    return Plan(
        (
            Visit((echo, chat, busy), 3),
            Visit((stall,), 3),
            Visit((_idle(100),), 3),
            Visit((_idle(1000),), 3),
            Visit((_idle(5000),), 1),
            Visit((crowd,), 2),
            Visit(tuple(_offered(rate, _window(1.0, 3.0)) for rate in RATES), 2),
            Visit((_churn(360 if long else 4),), 1),
        )
    )


def _window(warm_up: float, duration: float) -> Options:
    return ("--warm-up", str(warm_up), "--duration", str(duration))


def _idle(connections: int) -> Load:
    return Load(
        f"idle_{connections}",
        "idle",
        f"{connections:,} connections",
        "",
        connections,
        ("--duration", "0.5", "--ready", "open"),
        patience=30,
    )


def _offered(rate: int, window: Options) -> Load:
    return Load(
        f"offered_{rate}",
        "offered",
        f"{rate:,} messages a second, offered",
        "100 members, 4 of which send at fixed times, whatever comes back.",
        100,
        ("--senders", "4", "--rate", str(rate), "--concurrency", "1", *window, "--drain", "2"),
        rate=rate,
    )


def _churn(waves: int) -> Load:
    return Load(
        "churn",
        "churn",
        f"{waves} times 1,000 come and go",
        "",
        1000,
        # Half of them say goodbye; the others are torn off.
        ("--concurrency", "16", "--torn", "50"),
        waves=waves,
    )
