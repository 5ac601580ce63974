"""GETs with httpx: one client, so many at once."""
import asyncio
import sys

import httpx
import peer


async def main(url, count, concurrency):
    done = size = 0
    left = iter(range(count))
    limits = httpx.Limits(
        max_connections=concurrency, max_keepalive_connections=concurrency
    )
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def worker():
            nonlocal done, size
            for _ in left:
                answer = await client.get(url)
                size += len(answer.content)
                done += answer.status_code == 200

        peer.start()
        await asyncio.gather(*(worker() for _ in range(concurrency)))
        peer.stop(done, bytes=size)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
