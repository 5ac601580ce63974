"""Point SELECTs with psycopg and its pool; it prepares from the sixth time on."""
import asyncio
import random
import sys

import peer
from psycopg_pool import AsyncConnectionPool


async def main(count, connections):
    done = 0
    left = iter(range(count))
    async with AsyncConnectionPool(
        min_size=connections, max_size=connections, kwargs={"autocommit": True}
    ) as pool:
        await pool.wait(60)

        async def worker():
            nonlocal done
            for _ in left:
                async with pool.connection() as connection:
                    cursor = await connection.execute(
                        "SELECT abalance FROM pgbench_accounts WHERE aid = %s",
                        (random.randint(1, 100000),),
                    )
                    done += (await cursor.fetchone()) is not None

        peer.start()
        await asyncio.gather(*(worker() for _ in range(connections)))
        peer.stop(done)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
