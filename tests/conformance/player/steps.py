"""What each kind of step does: one method for each name in scenario.GRAMMAR."""

from __future__ import annotations

import asyncio
import json
import re
import time

from .client import Client, Frame, Refused
from .frames import build_frame, parse_bytes
from .http_request import answer_differences, build_request, parse_expected, send_request
from .outcome import Mismatch
from .pattern import Json, expand, expand_pattern, parse_pattern, show
from .scenario import Step
from .server import ServerError
from .stage import DEADLINE, Stage

STALL = 1.5  # seconds without progress that end "one by one"
ASK_AGAIN = 0.02  # seconds between two requests of an answer that may take a while


class Steps(Stage):
    """The steps."""

    # -- connections -----------------------------------------------------------------------

    async def _do_connect(self, step: Step) -> None:
        lines = step.get("headers").strip().splitlines()
        server = self.server.other if step.get("other") else self.server
        pairs = (line.lstrip("> ").split(": ", 1) for line in lines)
        headers = {name: expand(value, self._variables) for name, value in pairs}
        for name in step.names:
            # What a server never gave, and so was never kept, is left out, as a client would.
            path = re.sub(r"<\w+>", "", expand(step.get("path"), self._variables))
            try:
                await self._connect(name, path, headers, server)
            except Refused as refused:
                raise Mismatch(f"{name} was refused with {refused.status}") from refused

    async def _do_enter(self, step: Step) -> None:
        for name in step.names:
            client = await self._connect(name, f"/ws/chat/{name}", {})
            if not await self._next(client, DEADLINE):
                raise Mismatch(f"{name} was not welcomed")
        await self._settle()
        for client in self._clients.values():
            client.inbox.clear()

    async def _do_refused(self, step: Step) -> None:
        try:
            await self._connect(step.names[0], step.get("path"), {})
        except Refused as refused:
            if refused.status != int(step.get("status")):
                raise Mismatch(f"refused with {refused.status}") from refused
        else:
            raise Mismatch("was let in")

    async def _do_disconnect(self, step: Step) -> None:
        for client in self._those(step):
            self._record(client.name, "disconnects", f"with {step.get('code', '1000')}")
            wrong = await client.disconnect(int(step.get("code", "1000")))
            if wrong:
                raise Mismatch(wrong)

    async def _do_vanish(self, step: Step) -> None:
        for client in self._those(step):
            self._record(client.name, "vanishes", "a TCP reset")
            await client.vanish()

    async def _do_stop_reading(self, step: Step) -> None:
        for client in self._those(step):
            client.set_reading(False)

    async def _do_read_on(self, step: Step) -> None:
        for client in self._those(step):
            client.set_reading(True)

    async def _do_closed(self, step: Step) -> None:
        for client in self._those(step):
            within = step.seconds("most") or step.seconds("within")
            frame = await self._next(client, within)
            if frame:
                raise Mismatch(f"{client.name}: expected to be closed, got {show(frame.value)}")
            if not client.ending:
                raise Mismatch(f"{client.name}: expected to be closed, but is still connected")
            code, reason = str(client.ending.code), client.ending.reason
            if code not in step.get("code").split(" or ") or step.get("reason", reason) != reason:
                wanted = f"{step.get('code')} {step.get('reason')}".strip()
                raise Mismatch(f"{client.name}: expected {wanted}, got {code} {reason}")
            client.left = True
            self._in_window(step, client, client.ending.at)

    # -- sending ---------------------------------------------------------------------------

    def _text(self, step: Step, n: int, key: str = "what") -> str:
        written = step.get(key)
        if written.startswith('"'):
            written = json.loads(written, strict=False)
        return expand(written, self._variables, n)

    async def _do_send(self, step: Step) -> None:
        for client in self._those(step):
            times = int(step.get("times", "1"))
            self._record(client.name, "sends", _times(times, step.get("what")))
            for n in range(1, times + 1):
                await client.send_text(self._text(step, n))

    async def _do_send_paced(self, step: Step) -> None:
        """Sends the next when the last has come back, as someone does who waits for the echo."""
        (client,) = self._those(step)
        times = int(step.get("times"))
        self._record(client.name, "sends", _times(times, step.get("what")) + ", one by one")
        for n in range(1, times + 1):
            await client.send_text(self._text(step, n))
            if not await self._next(client, STALL):
                if step.get("at_most"):
                    return
                raise Mismatch(f"{n - 1} of {times} came back, then nothing for {STALL} s")

    async def _do_send_binary(self, step: Step) -> None:
        for client in self._those(step):
            self._record(client.name, "sends", "binary " + step.get("bytes"))
            await client.send_binary(parse_bytes(step.get("bytes"), self._variables))

    async def _do_send_raw(self, step: Step) -> None:
        for client in self._those(step):
            self._record(client.name, "sends", "raw bytes " + step.get("bytes"))
            await client.send_raw(parse_bytes(step.get("bytes"), self._variables))

    async def _do_send_frame(self, step: Step) -> None:
        for client in self._those(step):
            self._record(client.name, "sends", "the frame " + step.get("frame"))
            await client.send_raw(build_frame(step.get("frame"), self._variables))

    # -- receiving -------------------------------------------------------------------------

    async def _do_receive(self, step: Step) -> None:
        pattern = parse_pattern(step.get("what"))
        kind = "text" if isinstance(pattern, str) else "json"
        for client in self._those(step):
            for n in range(1, int(step.get("times", "1")) + 1):
                wanted = expand_pattern(pattern, self._variables, n)
                await self._expect(step, client, kind, wanted)

    async def _do_see(self, step: Step) -> None:
        """What a person sees: live messages, and those of a history, one after the other."""
        pattern = parse_pattern(step.get("what"))
        for client in self._those(step):
            for n in range(1, int(step.get("times", "1")) + 1):
                await self._unfold(client, step.seconds("within"))
                wanted = expand_pattern(pattern, self._variables, n)
                await self._expect(step, client, "json", wanted)

    async def _unfold(self, client: Client, within: float | None) -> None:
        """If the next frame is a history, puts its messages in its place."""
        while frame := await self._next(client, within):
            is_history = frame.kind == "json" and frame.value.get("type") == "history"
            if not is_history:
                client.inbox.appendleft(frame)
                return
            messages = frame.value.get("messages", [])
            client.inbox.extendleft(Frame(frame.at, "json", each) for each in reversed(messages))
            if messages:
                return

    async def _do_receive_binary(self, step: Step) -> None:
        for client in self._those(step):
            wanted = parse_bytes(step.get("bytes"), self._variables)
            await self._expect(step, client, "binary", wanted)

    async def _do_receive_pong(self, step: Step) -> None:
        for client in self._those(step):
            wanted = parse_bytes(step.get("what"), self._variables)
            await self._expect(step, client, "pong", wanted)

    async def _do_receive_nothing(self, step: Step) -> None:
        seconds = step.seconds("seconds")
        if not seconds:
            await self._settle()
        for client in self._those(step):
            if seconds and not client.inbox and client.is_open:
                await client.wait_for_change(seconds)
            if client.inbox:
                raise Mismatch(f"{client.name} received {show(client.take().value, 400)}")
            if not client.is_open:
                raise Mismatch(f"{client.name} is no longer connected")

    async def _do_ignore(self, step: Step) -> None:
        for client in self._those(step):
            client.ignored.append(parse_pattern(step.get("what")))

    async def _do_answer(self, step: Step) -> None:
        for client in self._those(step):
            client.answers.append((parse_pattern(step.get("what")), self._text(step, 1, "reply")))

    # -- HTTP and the server ---------------------------------------------------------------

    async def _do_http(self, step: Step) -> None:
        expected = parse_expected(step.get("rest"))
        headers = {name: expand(value, self._variables) for name, value in expected.send.items()}
        request = build_request(step.get("method"), step.get("path"), headers)
        await self._exchange(step, request)

    async def _do_raw_http(self, step: Step) -> None:
        await self._exchange(step, parse_bytes(step.get("request"), self._variables))

    async def _exchange(self, step: Step, request: bytes) -> None:
        expected = parse_expected(step.get("rest"))
        deadline = time.monotonic() + (step.seconds("within") or 0)
        while True:
            answer = await send_request(self.server.port, request)
            self._record("HTTP", "answers", [answer.status, _body(answer.body)])
            found = answer_differences(
                int(step.get("status")), expected, answer, self._variables
            )
            if not found:
                return
            if time.monotonic() >= deadline:
                raise Mismatch(*found)
            await asyncio.sleep(ASK_AGAIN)

    async def _do_stop_server(self, step: Step) -> None:
        self.server.terminate()

    async def _do_kill_server(self, step: Step) -> None:
        connected = [c for c in self._open_clients() if c.port == self.server.port]
        await self.server.kill()
        for client in connected:
            while not client.ending:
                await client.wait_for_change(DEADLINE)
            client.left = True
            await client.forget()

    async def _do_start_server(self, step: Step) -> None:
        try:
            await self.server.start_again()
        except ServerError as error:
            raise Mismatch(str(error)) from error

    async def _do_kill_redis(self, step: Step) -> None:
        assert self.server.redis, "a scenario with a Redis has `<redis>` among what it needs"
        await self.server.redis.kill()

    async def _do_start_redis(self, step: Step) -> None:
        assert self.server.redis
        await self.server.redis.start_again(empty=step.get("how") == "empty")

    async def _do_server_exits(self, step: Step) -> None:
        assert self.server.process
        within = step.seconds("within") or DEADLINE
        try:
            status = await asyncio.wait_for(self.server.process.wait(), within)
        except asyncio.TimeoutError as error:
            raise Mismatch(f"the server still runs after {within} s") from error
        if status != int(step.get("status")):
            raise Mismatch(f"the server exited with {status}")


def _body(body: bytes) -> Json:
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _times(times: int, what: str) -> str:
    return what if times == 1 else f"{times} times {what}"
