"""Readers of the live page: python reading.py reading NOTES URL READERS.

Each follows the events until it is ended. The first notes of each event with new rows how many
milliseconds ago the latest of them was joined.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

MAX_EVENT_BYTES = 1 << 22  # bytes


async def read(url: str, notes: Path | None) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port, limit=MAX_EVENT_BYTES
    )
    writer.write(f"GET /events HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    kind, last_row = b"", None
    async for line in reader:
        name, _, value = line.partition(b": ")
        if name == b"event":
            kind = value.strip()
        elif notes is not None and name == b"data" and kind == b"rows":
            joined = json.loads(value)["summary"]["last_row_in_ms"]
            if joined != last_row and joined is not None:
                last_row = joined
                with notes.open("a") as file:
                    file.write(f"{time.time() * 1000 - joined:.1f}\n")


async def main(notes: Path, url: str, readers: int) -> None:
    await asyncio.gather(*[read(url, None if number else notes) for number in range(readers)])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
