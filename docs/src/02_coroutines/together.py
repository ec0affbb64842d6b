"""One after the other, together with gather(), and the first of two with wait()."""

import asyncio


# [count]
async def count(name: str, upto: int) -> int:
    for n in range(1, upto + 1):
        print(f"  {name} {n}")
        await asyncio.sleep(0)  # gives the others a turn
    return upto
# [/count]


# [main]
async def main():
    print("one after the other:")
    a = await count("A", 2)
    b = await count("B", 2)
    print(f"  {a} and {b}")

    print("together:")
    a, b = await asyncio.gather(count("A", 2), count("B", 3))
    print(f"  {a} and {b}")

    print("the first wins, the other is cancelled:")
    tasks = [asyncio.create_task(count("A", 1)), asyncio.create_task(count("B", 1000000))]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    print(f"  number {tasks.index(done.pop())} was first")
# [/main]


asyncio.run(main())
