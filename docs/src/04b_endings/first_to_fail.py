"""gather(), wait() and TaskGroup, when one of two coroutines throws."""

import asyncio


# [operands]
async def listen():
    await asyncio.sleep(0)
    print("  listen: the client disconnected, I throw")
    raise RuntimeError("the client disconnected")


async def ticker():
    try:
        for n in range(1, 4):
            await asyncio.sleep(0.05)
            print(f"  ticker: {n}, to a disconnected client")
        print("  ticker: nobody has told me")
    except asyncio.CancelledError:
        print("  ticker: cancelled")
        raise
# [/operands]


# [gather]
async def with_gather():
    ticking = asyncio.create_task(ticker())
    try:
        await asyncio.gather(listen(), ticking)
    except RuntimeError as error:
        print(f"  caught: {error}")
    await ticking  # it has not been cancelled
# [/gather]


# [wait]
async def with_wait():
    tasks = [asyncio.create_task(listen()), asyncio.create_task(ticker())]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.wait(pending)
    try:
        done.pop().result()
    except RuntimeError as error:
        print(f"  caught: {error}")
# [/wait]


# [taskgroup]
async def with_task_group():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(listen())
            group.create_task(ticker())
    except* RuntimeError as group:
        print(f"  caught: {group.exceptions[0]}")
# [/taskgroup]


async def main():
    print("gather(listen(), ticker()):")
    await with_gather()
    print("wait(…, return_when=FIRST_COMPLETED):")
    await with_wait()
    print("TaskGroup:")
    await with_task_group()


asyncio.run(main())
