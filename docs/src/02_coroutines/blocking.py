"""A call that blocks stops everybody; a coroutine that sleeps, and a thread of its own, do not."""

import asyncio
import time


# [work]
async def blocks():
    time.sleep(0.2)


async def sleeps():
    await asyncio.sleep(0.2)


async def in_a_thread():
    await asyncio.to_thread(time.sleep, 0.2)
# [/work]


# [watch]
class Heart:
    """Counts the turns that the others get meanwhile."""

    beats = 0

    async def beat(self):
        while True:
            await asyncio.sleep(0.005)
            self.beats += 1


async def watch(what: str, work):
    heart = Heart()
    beating = asyncio.create_task(heart.beat())
    await work
    beating.cancel()
    print(f"{what}: the others got {'their turns' if heart.beats else 'no turn at all'}")
# [/watch]


async def main():
    await watch("blocks()", blocks())
    await watch("sleeps()", sleeps())
    await watch("in_a_thread()", in_a_thread())


asyncio.run(main())
