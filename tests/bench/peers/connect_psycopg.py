"""Open so many connections with psycopg's pool, then sleep a second on each."""
import asyncio
import sys
import time

import peer
from psycopg_pool import AsyncConnectionPool


async def main(connections):
    peer.start()
    async with AsyncConnectionPool(
        min_size=connections,
        max_size=connections,
        num_workers=50,
        kwargs={"autocommit": True},
    ) as pool:
        await pool.wait(120)
        opened = time.monotonic()

        async def sleep():
            async with pool.connection() as connection:
                await connection.execute("SELECT pg_sleep(1)")

        await asyncio.gather(*(sleep() for _ in range(connections)))
        slept = time.monotonic() - opened
        peer.stop(connections, opening=opened - peer.began, sleeping=slept)


asyncio.run(main(int(sys.argv[1])))
