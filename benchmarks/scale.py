"""Features on a Ray cluster against this machine's own cores, and with workers and nodes lost on the way.

    python -m benchmarks.scale [--images 12000] [--size 160] [--jobs "local,ray 2"] [--kills 10] [--nodes 3]
    python -m benchmarks.scale --images 20000 --jobs pressure           maps: 2.5 GB before zstd, an object store of 0.5

Each job is the command `features` in a process of its own, on the photos repeated by hard links: with 1 thread, 2
threads and as many as it likes of the local engine, and with 1 and 2 workers of Ray. `seconds` are of the whole
command; `pace` is in images a second from the first part to the last; `start` is what that leaves. `efficiency` is the
pace of 2 workers in units of twice that of 1 (`cores` is the same of threads: what the cores themselves give),
`overhead` the whole command with 2 workers in units of that with the local engine.

In `faults` a cluster of three simulated nodes loses workers (SIGKILL) and nodes at random moments: `repeated` blocks
were begun again, of at most `most_repeated`. `pressure` has features as maps: more `parts_mb` than an object store has.
`equal` says that the jobs wrote the same parts, byte for byte (`pressure` apart). `memory_mb` are the peaks of the
command, of a worker, and of what lies in the object stores.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq

from benchmarks.common import extracted, own_home, photos_zip, print_result
from core.backbone.graph import cached_base
from core.backbone.weights import resolve_weights
from core.jobs.process import module_command, module_environment
from core.scale.crew import IN_FLIGHT
from core.scale.joining import own_environment

SHARED = "/dev/shm"  # where Ray's object stores are
JOBS = {
    "local 1": ["--workers", "1"],
    "local 2": ["--workers", "2"],
    "local": [],
    "ray 1": ["--engine", "ray", "--workers", "1"],
    "ray 2": ["--engine", "ray", "--workers", "2"],
    "faults": ["--engine", "ray", "--workers", "2"],
    "pressure": ["--engine", "ray", "--workers", "2", "--pooling", "flatten"],
}
Meanwhile = Callable[[int], None]
"""Called with the number of parts that are there, several times a second."""


def repeated(photos: Path, folder: Path, number: int) -> Path:
    """`number` files, which are links to the photos."""
    files = sorted(photos.rglob("*.jpg"))
    for at in range(number):
        file = files[at % len(files)]
        place = folder / "train" / file.parent.name / f"{at // len(files)}-{file.name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, place)
    return folder


class Memory:
    """Peaks, in MB."""

    def __init__(self) -> None:
        self.peaks = {"command": 0, "worker": 0, "store": 0}
        self._shared = shutil.disk_usage(SHARED).used

    def look(self, command: int) -> None:
        self._note("store", shutil.disk_usage(SHARED).used - self._shared)
        for process in psutil.Process().children(recursive=True):
            try:
                memory = process.memory_info()
                if process.pid == command:
                    self._note("command", memory.rss - memory.shared)
                elif "ray::_Actor" in process.name():
                    self._note("worker", memory.rss - memory.shared)
            except psutil.Error:  # it ended meanwhile
                continue

    def _note(self, name: str, size: int) -> None:
        self.peaks[name] = max(self.peaks[name], round(size / 1e6))


def measured(photos: Path, out: Path, options: list[str], meanwhile: Meanwhile = lambda parts: None) -> dict[str, Any]:
    command = module_command("core", "features", str(photos), str(out), "--crop", "center", "--json", *options)
    memory, started, looked = Memory(), time.perf_counter(), 0.0
    with subprocess.Popen(command, env=module_environment(), stdout=subprocess.PIPE) as process:
        while process.poll() is None:
            meanwhile(sum(1 for _ in out.glob("[!.]*.parquet")))
            if time.perf_counter() - looked > 1:
                memory.look(process.pid)
                looked = time.perf_counter()
            time.sleep(0.1)
        seconds = time.perf_counter() - started
        assert process.stdout is not None
        outcome = json.loads(process.stdout.read().splitlines()[-1])
    pace = pace_of(out)
    facts = {name: outcome[name] for name in ("images", "parts", "repeated")}
    return {
        **facts,
        "seconds": round(seconds, 1),
        "start": round(seconds - outcome["images"] / pace, 1),
        "pace": round(pace, 1),
        "parts_mb": round(sum(part.stat().st_size for part in out.glob("*.parquet")) / 1e6),
        "memory_mb": memory.peaks,
        "digest": digest_of(out),
    }


def pace_of(folder: Path) -> float:
    parts = sorted(folder.glob("*.parquet"), key=lambda part: part.stat().st_mtime_ns)
    rows = sum(pq.read_metadata(part).num_rows for part in parts[1:])
    return float(rows) / max(parts[-1].stat().st_mtime - parts[0].stat().st_mtime, 1e-9)


def digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for part in sorted(folder.glob("*.parquet")):
        digest.update(part.name.encode() + part.read_bytes())
    return digest.hexdigest()


class Losing:
    """Ends workers, and takes nodes away, after parts drawn at random; a node comes back as a new one."""

    def __init__(self, cluster: Any, node: dict[str, Any], options: argparse.Namespace) -> None:
        self._cluster, self._node, self._draw = cluster, node, random.Random(0)
        self._nodes = [cluster.add_node(**node), cluster.add_node(**node)]
        todo = ["worker"] * options.kills + ["node"] * options.nodes
        self._draw.shuffle(todo)
        least = options.images // 256  # parts, of at most 256 images
        when = sorted(self._draw.uniform(1, max(2, least * 0.9)) for _ in todo)
        self._todo = list(zip(when, todo, strict=True))
        self.lost = {"worker": 0, "node": 0}

    def __call__(self, parts: int) -> None:
        if not self._todo or self._todo[0][0] > parts:
            return
        if self._todo[0][1] == "node":
            self._cluster.remove_node(self._nodes.pop(0), allow_graceful=False)
            self._nodes.append(self._cluster.add_node(**self._node))
        else:
            workers = [one for one in psutil.Process().children(recursive=True) if "ray::_Actor" in one.name()]
            if not workers:  # all are just starting
                return
            os.kill(self._draw.choice(workers).pid, signal.SIGKILL)
        self.lost[self._todo.pop(0)[1]] += 1


def with_faults(photos: Path, out: Path, command: list[str], options: argparse.Namespace) -> dict[str, Any]:
    with own_environment():  # before Ray is imported
        from ray.cluster_utils import Cluster

        node = {"num_cpus": 1, "object_store_memory": options.store_mb * 10**6, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args={**node, "num_cpus": 0})
        try:
            losing = Losing(cluster, node, options)
            result = measured(photos, out, [*command, "--address", cluster.address], losing)
        finally:
            cluster.shutdown()
    most = IN_FLIGHT * sum(losing.lost.values())
    return result | {"lost": losing.lost, "most_repeated": most}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=12_000)
    parser.add_argument("--copies", type=int, default=0, help="how often the photos are repeated, instead of --images")
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--jobs", default="local 1,local 2,local,ray 1,ray 2,faults", help=f"of {', '.join(JOBS)}")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--store-mb", type=int, default=500, help="of a node of the cluster of `faults`")
    options = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    with extracted(photos_zip()) as photos, own_home(), tempfile.TemporaryDirectory(prefix="pawlab-bench-") as folder:
        cached_base(resolve_weights())
        options.images = options.copies * sum(1 for _ in photos.rglob("*.jpg")) or options.images
        many = repeated(photos, Path(photos) / "repeated", options.images)
        for name in options.jobs.split(","):
            command, out = [*JOBS[name], "--image-size", str(options.size)], Path(folder, name)
            results[name] = (
                with_faults(many, out, command, options) if name == "faults" else measured(many, out, command)
            )
            shutil.rmtree(out)
    digests = {result.pop("digest") for name, result in results.items() if name != "pressure"}
    complete = all(one["images"] == options.images for one in results.values())
    summary: dict[str, Any] = {"images": options.images, "image_size": options.size}
    summary["equal"] = len(digests) <= 1 and complete
    for result, name, other, scale, fact in (
        ("efficiency", "ray 2", "ray 1", 2, "pace"),
        ("cores", "local 2", "local 1", 2, "pace"),
        ("overhead", "ray 2", "local", 1, "seconds"),
    ):
        if {name, other} <= results.keys():
            summary[result] = round(results[name][fact] / (scale * results[other][fact]), 3)
    print_result({"benchmark": "scale", **summary, "jobs": results})


if __name__ == "__main__":
    main()
