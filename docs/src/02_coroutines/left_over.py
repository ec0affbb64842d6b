"""What becomes of a task when main() returns: asyncio.run() cancels it."""

import asyncio


# [all]
async def greet(name: str):
    try:
        print(f"{name}: hello")
        await asyncio.sleep(0.05)
        print(f"{name}: goodbye")
    except asyncio.CancelledError:
        print(f"{name}: cancelled")
        raise


async def main():
    task = asyncio.create_task(greet("Alice"))
    await asyncio.sleep(0.01)
    print(f"main() returns; has Alice finished? {task.done()}")


asyncio.run(main())
print("run() has returned")
# [/all]
