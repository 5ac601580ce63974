"""Open so many connections with asyncpg's pool, then sleep a second on each."""
import asyncio
import sys
import time

import asyncpg
import peer


async def main(connections):
    peer.start()
    async with asyncpg.create_pool(min_size=connections, max_size=connections) as pool:
        opened = time.monotonic()
        await asyncio.gather(
            *(pool.execute("SELECT pg_sleep(1)") for _ in range(connections))
        )
        slept = time.monotonic() - opened
        peer.stop(connections, opening=opened - peer.began, sleeping=slept)


asyncio.run(main(int(sys.argv[1])))
