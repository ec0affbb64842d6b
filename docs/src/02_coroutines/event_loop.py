"""An event loop and two coroutines: a call alone runs nothing, and `await` lets the other go on."""

import asyncio


# [greet]
async def greet(name: str):
    print(f"{name}: hello")
    await asyncio.sleep(0.01)
    print(f"{name}: goodbye")
# [/greet]


# [main]
async def main():
    alice = greet("Alice")
    bob = greet("Bob")
    print("called, and nothing has run")

    tasks = [asyncio.create_task(alice), asyncio.create_task(bob)]
    print("handed to the event loop, and nothing has run")

    await asyncio.wait(tasks)
    print("wait() returns when there is nothing left to do")


asyncio.run(main())
# [/main]
