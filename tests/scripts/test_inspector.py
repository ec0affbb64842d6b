"""Where the inspector of FastAPI's programs says that coroutines wait, without a server."""

import asyncio
import gc
import importlib.util
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from inspector.app import Inspector, may_look  # noqa: E402
from inspector.sources import Sources  # noqa: E402

PROGRAM = '''
import asyncio

async def numbers():
    while True:
        await asyncio.sleep(60)  # in numbers
        yield 1

async def counts():
    async for number in numbers():  # in counts
        pass

async def reads(queue):
    return await asyncio.wait_for(queue.get(), 60)  # in reads

async def app(scope, receive, send):
    queue = asyncio.Queue()
    if scope["path"] == "/leaks":
        app.left = asyncio.create_task(reads(queue))
        return
    if scope["path"] == "/forgets":
        asyncio.create_task(forgotten())
        return
    await asyncio.gather(counts(), reads(queue))  # in app

async def forgotten():
    await asyncio.get_running_loop().create_future()
'''


class InspectorTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        program = self.folder / "program.py"
        program.write_text(PROGRAM)
        spec = importlib.util.spec_from_file_location("program", program)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.inspector = Inspector(module.app, Sources(self.folder, self.folder), self.folder)

    async def asyncTearDown(self):
        asyncio.get_running_loop().set_task_factory(None)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def connect(self, path):
        """Starts the app for a connection; returns when all have come to where they wait."""
        scope = {"type": "websocket", "path": path, "client": ("127.0.0.1", 5), "headers": []}
        self.inspector.measuring = self.inspector.measuring or asyncio.current_task()
        self.inspector.tasks.follow(asyncio.get_running_loop())
        task = asyncio.create_task(self.inspector(scope, None, None))
        for _ in range(20):
            await asyncio.sleep(0)
        return task

    def look(self, **query):
        return self.inspector.snapshots.take(query)

    def waits(self, coroutine):
        """function: (where it waits, for what), of the whole tree."""
        found = {coroutine["function"]: (coroutine["source"].rpartition("# in ")[2], coroutine["waiting_on"])}
        for child in coroutine["children"]:
            found |= self.waits(child)
        return found

    async def test_finds_the_line_through_tasks_generators_and_time_limits(self):
        task = await self.connect("/ws")
        (shown,) = self.look()["tasks"]
        self.assertEqual((shown["name"], shown["peer"]), ("/ws", "127.0.0.1:5"))
        self.assertEqual(
            self.waits(shown["coroutine"]),
            {
                "app": ("app", "its children"),
                "counts": ("counts", "numbers"),
                "numbers": ("numbers", "a timer"),
                "reads": ("reads", "a queue or a timer"),
            },
        )
        steps = [(each["what"], each["function"]) for each in self.look()["transitions"]]
        self.assertIn(("waits", "numbers"), steps)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)
        steps = [(each["what"], each["function"]) for each in self.look()["transitions"]]
        self.assertIn(("cancelled", "reads"), steps)
        self.assertEqual(self.look()["tasks"], [])

    async def test_a_task_that_its_connection_has_left_behind_is_marked(self):
        await self.connect("/leaks")
        (shown,) = self.look()["tasks"]
        self.assertTrue(shown["closed"])
        self.assertEqual(shown["coroutine"]["state"], "finished")
        (left,) = shown["coroutine"]["children"]
        self.assertEqual((left["function"], left["state"]), ("reads", "waiting"))

    async def test_keeps_no_task_alive(self):
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # asyncio tells of the loss
        await self.connect("/forgets")
        gc.collect()
        self.assertEqual(self.look()["tasks"], [])

    async def test_answers_in_parts_and_finds(self):
        tasks = [await self.connect(f"/ws/{number}") for number in range(5)]
        names = [each["name"] for each in self.look(tasks="2")["tasks"]]
        self.assertEqual(names, ["/ws/0", "/ws/1"])
        last = self.look(tasks="2")["tasks"][-1]["id"]
        names = [each["name"] for each in self.look(tasks="2", after=str(last))["tasks"]]
        self.assertEqual(names, ["/ws/2", "/ws/3"])
        found = self.look(find="WS/3")
        self.assertEqual((found["task_count"], found["tasks"][0]["name"]), (1, "/ws/3"))
        self.assertEqual(self.look(find="a queue or")["task_count"], 5)
        self.assertEqual(self.look(find="nothing")["task_count"], 0)
        self.assertEqual(len(tasks), self.look(tasks="many", after="-1")["task_count"])

    async def test_only_this_machine_may_look_and_under_its_own_name(self):
        def scope(client="127.0.0.1", host="localhost:8000", **headers):
            pairs = {"host": host} | headers
            return {"client": (client, 1), "headers": [(k.encode(), v.encode()) for k, v in pairs.items()]}

        for fits in (scope(), scope("::1", "[::1]:8000"), scope("::ffff:127.0.0.1", "127.0.0.1")):
            self.assertTrue(may_look(fits))
        for strange in (scope("10.0.0.1"), scope(host="evil.example"), scope(host=""), scope(forwarded="for=x")):
            self.assertFalse(may_look(strange))

    async def test_shows_no_file_that_it_has_not_named(self):
        sources = self.inspector.sources
        self.assertIsNone(sources.text("program.py"))
        await self.connect("/leaks")
        self.look()
        self.assertEqual(sources.text("program.py"), PROGRAM)
        self.assertIsNone(sources.text(str(self.folder / "program.py")))


if __name__ == "__main__":
    unittest.main()
