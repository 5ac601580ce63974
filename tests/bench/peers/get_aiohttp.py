"""GETs with aiohttp: one session, so many at once."""
import asyncio
import sys

import aiohttp
import peer


async def main(url, count, concurrency):
    done = size = 0
    left = iter(range(count))
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def worker():
            nonlocal done, size
            for _ in left:
                async with session.get(url) as answer:
                    size += len(await answer.read())
                    done += answer.status == 200

        peer.start()
        await asyncio.gather(*(worker() for _ in range(concurrency)))
        peer.stop(done, bytes=size)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
