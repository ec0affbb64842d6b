"""Who takes part in an audit, and what they say."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from . import notes
from .member import Member, Person

ROOMS = ("cpp", "海邊", "Rust & co")
NAMES = ("Ada", "Bjarne", "陳", "Dora", "Emil", "Frida", "Gül", "Hugo", "Iris", "王小明", "Kai", "Łucja")
WINDOWS = (1, 4, 16)  # messages on their way at once


def make_people(count: int, events: bool = False) -> list[Person]:
    """Every fourth has no name, one user has two connections, and one talks by way of the heartbeat.

    With `events` every second one has a stream in place of a WebSocket.
    """
    people, named = [], 0
    for i in range(count):
        rooms = tuple({ROOMS[i % len(ROOMS)]: 1, ROOMS[i // 2 % len(ROOMS)]: 1})
        window, short = WINDOWS[i % len(WINDOWS)], f"c{i + 1}"
        if i % 4 == 3:
            people.append(Person(f"nameless{i + 1}", short, None, rooms, window))
            continue
        lap, name = divmod(named, len(NAMES))
        user = NAMES[name] + (f" {lap + 1}" if lap else "")
        people.append(Person(user, short, user, rooms, window, heartbeat=named == 2))
        named += 1
    if count > 4:
        first = people[0]
        people[-1] = Person(f"{first.client}'s phone", f"c{count}", first.user, first.rooms, 4)
    if events:
        people = [replace(each, events=i % 2 == 1, heartbeat=False) for i, each in enumerate(people)]
    return people


class Talk:
    """Says things at random, at a rate, until it's told to stop."""

    def __init__(self, members: list[Member], rate: float, seed: int) -> None:
        self._members = members
        self._rate = rate
        self._random = random.Random(seed)
        self._users = sorted({each.person.user for each in members if each.person.user})
        self.backlog = 50 * max(1.0, rate / len(members) / 5)  # a client that waits says no more

    async def run(self) -> None:
        """Until it's cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + self._random.expovariate(self._rate), loop.time() - 1.0)
            await asyncio.sleep(max(0.0, due - loop.time()))
            member = self._random.choice(self._members)
            if len(member.outbox) < self.backlog:
                await self._say(member)

    async def _say(self, member: Member) -> None:
        size = self._random.choice((20, 60, 60, 120, 120, 400, 400, 1000, 3000))
        kind = self._random.random()
        if kind < 0.5:
            await member.say(notes.LOBBY, {}, size)
        elif kind < 0.8 and member.person.rooms:
            room = self._random.choice(member.person.rooms)
            await member.say(notes.room(room), {"room": room}, size)
        elif self._users:
            user = self._random.choice(self._users)
            await member.say(notes.inbox(user), {"target_user": user}, size)
