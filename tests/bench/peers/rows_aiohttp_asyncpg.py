"""For each row a GET and then an INSERT: aiohttp and asyncpg."""
import asyncio
import sys

import aiohttp
import asyncpg
import peer


async def main(url, count, concurrency):
    done = 0
    left = iter(range(1, count + 1))
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        async with asyncpg.create_pool(
            min_size=concurrency, max_size=concurrency
        ) as pool:

            async def worker():
                nonlocal done
                for number in left:
                    async with session.get(url) as answer:
                        answer.raise_for_status()
                        body = await answer.text()
                    new = await pool.fetchval(
                        "INSERT INTO bench_rows (id, body) VALUES ($1, $2) RETURNING id",
                        number,
                        body,
                    )
                    done += new == number

            peer.start()
            await asyncio.gather(*(worker() for _ in range(concurrency)))
            peer.stop(done)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
