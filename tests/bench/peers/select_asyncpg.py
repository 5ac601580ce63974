"""Point SELECTs with asyncpg: its own pool, which prepares by itself."""
import asyncio
import random
import sys

import asyncpg
import peer


async def main(count, connections):
    done = 0
    left = iter(range(count))
    async with asyncpg.create_pool(min_size=connections, max_size=connections) as pool:

        async def worker():
            nonlocal done
            for _ in left:
                balance = await pool.fetchval(
                    "SELECT abalance FROM pgbench_accounts WHERE aid = $1",
                    random.randint(1, 100000),
                )
                done += balance is not None

        peer.start()
        await asyncio.gather(*(worker() for _ in range(connections)))
        peer.stop(done)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
