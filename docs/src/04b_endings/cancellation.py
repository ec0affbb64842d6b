"""A cancelled coroutine sees an exception where it waits; `finally` runs, as always."""

import asyncio


# [seat]
class Seat:
    def __init__(self, name: str):
        self.name = name

    def __enter__(self):
        print(f"  {self.name} takes a seat")

    def __exit__(self, *_):
        print(f"  {self.name} leaves the seat")
# [/seat]


# [polite]
async def polite(name: str):
    with Seat(name):
        await asyncio.sleep(24 * 3600)
        print("  never printed")
# [/polite]


# [stubborn]
async def stubborn(name: str):
    with Seat(name):
        for attempt in range(1, 4):
            try:
                await asyncio.sleep(0.05)
                print(f"  {name} has slept")
            except BaseException as error:
                print(f"  {name} goes on after: {type(error).__name__}")
# [/stubborn]


async def cancel_after_10_ms(task: asyncio.Task):
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])


async def main():
    print("polite:")
    await cancel_after_10_ms(asyncio.create_task(polite("Alice")))
    print("stubborn:")
    await cancel_after_10_ms(asyncio.create_task(stubborn("Bob")))
    print("both have ended")


asyncio.run(main())
