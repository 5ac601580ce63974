"""For each row a GET and then an INSERT: httpx and psycopg's pool."""
import asyncio
import sys

import httpx
import peer
from psycopg_pool import AsyncConnectionPool


async def main(url, count, concurrency):
    done = 0
    left = iter(range(1, count + 1))
    limits = httpx.Limits(
        max_connections=concurrency, max_keepalive_connections=concurrency
    )
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:
        async with AsyncConnectionPool(
            min_size=concurrency,
            max_size=concurrency,
            kwargs={"autocommit": True},
        ) as pool:
            await pool.wait(60)

            async def worker():
                nonlocal done
                for number in left:
                    answer = await client.get(url)
                    answer.raise_for_status()
                    async with pool.connection() as connection:
                        cursor = await connection.execute(
                            "INSERT INTO bench_rows (id, body) VALUES (%s, %s) RETURNING id",
                            (number, answer.text),
                        )
                        done += (await cursor.fetchone())[0] == number

            peer.start()
            await asyncio.gather(*(worker() for _ in range(concurrency)))
            peer.stop(done)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
