"""A server that is killed (SIGKILL) while two cameras record: each image that it acknowledged is there, none is half
written, and no burst has two images of one number.

    python -m benchmarks.collect_kills [--kills 20] [--seed 0]

In each life a real server of the app gets photos over two sockets, one into each class of one collection, at ten images
a second each, until it is killed at a moment that is drawn evenly from the two seconds after its first acknowledgement.
All lives record into the same collection. `acknowledged` counts the paths that the sockets were told; `stored` the
images that are there at the end, which may be a few more: stored, but not told yet. The program ends with code 1 where
something is `lost` or `broken`.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

import numpy as np
import psutil
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from benchmarks.common import extracted, own_home, photos_zip, print_result
from benchmarks.server import serving, until_it_listens
from core.datasets.collect.store import create_collection
from core.errors import ImageError
from core.images.isolated import inspect_image

NAME, CLASSES = "killed", ("cats", "dogs")
SPEED = 10.0  # images a second and class
SECONDS = 2.0
PATIENCE = 60.0  # seconds until the first acknowledgement


async def record(url: str, label: str, frames: list[bytes], acknowledged: list[str], first: asyncio.Event) -> None:
    """Sends frames until the server is gone."""
    try:
        async with connect(f"{url}/api/collect?collection={NAME}", max_size=None) as socket:
            await socket.recv()
            await socket.send(json.dumps({"record": label, "burst": "", "speed": SPEED}))
            for number in range(10_000):
                await socket.send(frames[number % len(frames)])
                message = json.loads(await socket.recv())
                if "stored" in message:
                    acknowledged.append(message["stored"])
                    first.set()
    except (ConnectionClosed, OSError):
        pass


async def life(url: str, pid: int, moment: float, frames: dict[str, list[bytes]], acknowledged: list[str]) -> None:
    first = asyncio.Event()
    cameras = [asyncio.create_task(record(url, label, frames[label], acknowledged, first)) for label in CLASSES]
    await asyncio.wait_for(first.wait(), PATIENCE)
    await asyncio.sleep(moment)
    psutil.Process(pid).kill()
    await asyncio.gather(*cameras)


def whole(file: Path) -> bool:
    try:
        inspect_image(file)
    except (ImageError, OSError):
        return False
    return True


def main(kills: int, seed: int) -> int:
    rng = np.random.default_rng(seed)
    acknowledged: list[str] = []
    with extracted(photos_zip()) as photos, own_home():
        frames = {
            label: [file.read_bytes() for file in sorted((photos / "train" / label).iterdir())[:50]]
            for label in CLASSES
        }
        collection = create_collection(NAME)
        for label in CLASSES:
            collection.add_class(label)
        for _ in range(kills):
            with serving("app.py") as (url, pid):
                until_it_listens(url)
                address = url.replace("http", "ws", 1)
                asyncio.run(life(address, pid, float(rng.uniform(0, SECONDS)), frames, acknowledged))
        stored = [path for card in collection.classes() for path in card.images]
        on_disk = [path for path in collection.root.rglob("*") if path.suffix == ".jpg"]
        broken = [path.name for path in on_disk if not whole(path)]
        faults = {
            "lost": len(set(acknowledged) - set(stored)),
            "twice": len(acknowledged) - len(set(acknowledged)),
            "broken": len(broken),
        }
        counts = {"kills": kills, "acknowledged": len(acknowledged), "stored": len(stored)}
        print_result({"benchmark": "collect_kills", **counts, **faults})
    return int(any(faults.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sys.exit(main(arguments.kills, arguments.seed))
