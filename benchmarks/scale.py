"""Features on a Ray cluster against this machine's own cores, and with workers and nodes lost on the way.

    python -m benchmarks.scale [--images 12000] [--size 160] [--kills 10] [--nodes 3] [--store-mb 500]

The photos, repeated by hard links, pass the base with 1 and 2 threads of the local engine and with 1 and 2 workers of
Ray; `seconds` are of whole jobs, start-up included, `pace` is in images a second from the first part to the last.
`efficiency` is the pace of 2 workers in units of twice that of 1 (`cores` is the same of threads: what the cores
themselves give), `overhead` the whole job of Ray with 2 workers in units of the local engine's. Then a cluster of three
simulated nodes loses workers (SIGKILL) and nodes at random moments: `repeated` blocks were begun again, of at most
`in_flight` at each loss. `equal` says that all jobs wrote the same parts, byte for byte. `memory_mb` are the peaks of
the driver, of a worker, and of a node's object store.
"""

import argparse
import hashlib
import os
import random
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.common import extracted, own_home, photos_zip, print_result
from core.augmentation import AugmentationConfig
from core.backbone.features import FeaturePlan
from core.backbone.graph import cached_base
from core.backbone.weights import resolve_weights
from core.scale.engine import Engine
from core.scale.features import FeatureKernel
from core.scale.job import run_job
from core.scale.listing import list_dataset
from core.scale.local import LocalEngine
from core.storage.parts import PartsFolder


def repeated(photos: Path, folder: Path, number: int) -> Path:
    """`number` files, which are links to the photos."""
    files = sorted(photos.rglob("*.jpg"))
    for at in range(number):
        file = files[at % len(files)]
        place = folder / "train" / file.parent.name / f"{at // len(files)}-{file.name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, place)
    return folder


class Watch:
    """When the first and the last part came, how much memory was taken, and what is done to a cluster meanwhile."""

    def __init__(self) -> None:
        self.marks: list[tuple[float, int]] = []
        self.memory = {"driver": 0, "worker": 0, "store": 0}

    def __call__(self, done: int, total: int, failed: int) -> None:
        self.marks.append((time.perf_counter(), done))
        own = psutil.Process()
        self._note("driver", own.memory_info().rss)
        for process in own.children(recursive=True):
            try:
                name, memory = process.name(), process.memory_info()
                if "ray::_Actor" in name:
                    self._note("worker", memory.rss - memory.shared)
                elif name == "raylet":
                    self._note("store", memory.shared)
            except psutil.Error:  # it ended meanwhile
                continue

    def pace(self) -> float:
        (start, before), (end, done) = self.marks[0], self.marks[-1]
        return round((done - before) / max(end - start, 1e-9), 1)

    def _note(self, name: str, size: int) -> None:
        self.memory[name] = max(self.memory[name], round(size / 1e6))


def digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for part in sorted(folder.glob("*.parquet")):
        digest.update(part.name.encode() + part.read_bytes())
    return digest.hexdigest()


def measured(kernel: FeatureKernel, photos: Path, out: Path, engine: Engine, watch: Watch) -> dict[str, Any]:
    outcome = run_job(kernel, list_dataset(str(photos)), PartsFolder(str(out)), engine, watch)
    return {
        "pace": watch.pace(),
        "images": outcome.images,
        "parts": outcome.parts,
        "repeated": outcome.repeated,
        "memory_mb": watch.memory,
        "digest": digest_of(out),
    }


def on_ray(
    kernel: FeatureKernel, photos: Path, out: Path, workers: int, address: str = "", watch: Watch | None = None
) -> tuple[dict[str, Any], float]:
    from core.scale.cluster import RayEngine

    started = time.perf_counter()
    with RayEngine(address, workers, lambda text: None) as engine:
        result = measured(kernel, photos, out, engine, watch or Watch())
    return result, time.perf_counter() - started


class Losing(Watch):
    """Ends workers, and takes nodes away, after parts drawn at random; a node comes back as a new one."""

    def __init__(self, cluster: Any, node: dict[str, Any], options: argparse.Namespace) -> None:
        super().__init__()
        self._cluster, self._node, self._draw = cluster, node, random.Random(0)
        self._nodes = [cluster.add_node(**node), cluster.add_node(**node)]
        todo = ["worker"] * options.kills + ["node"] * options.nodes
        self._draw.shuffle(todo)
        when = self._draw.sample(range(1, options.images - options.images // 10), len(todo))
        self._todo = sorted(zip(when, todo, strict=True), reverse=True)
        self.lost = {"worker": 0, "node": 0}

    def __call__(self, done: int, total: int, failed: int) -> None:
        super().__call__(done, total, failed)
        while self._todo and self._todo[-1][0] <= done:
            what = self._todo.pop()[1]
            if what == "node":
                self._cluster.remove_node(self._nodes.pop(0), allow_graceful=False)
                self._nodes.append(self._cluster.add_node(**self._node))
            else:
                workers = [one for one in psutil.Process().children(recursive=True) if "ray::_Actor" in one.name()]
                if not workers:  # all are just starting
                    continue
                os.kill(self._draw.choice(workers).pid, signal.SIGKILL)
            self.lost[what] += 1


def with_faults(kernel: FeatureKernel, photos: Path, out: Path, options: argparse.Namespace) -> dict[str, Any]:
    from ray.cluster_utils import Cluster

    from core.scale.crew import IN_FLIGHT

    node = {"num_cpus": 1, "object_store_memory": options.store_mb * 10**6, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "num_cpus": 0})
    try:
        watch = Losing(cluster, node, options)
        result, whole = on_ray(kernel, photos, out, 2, cluster.address, watch)
    finally:
        cluster.shutdown()
    return result | {"seconds": round(whole, 1), "lost": watch.lost, "in_flight": IN_FLIGHT}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=12_000)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--store-mb", type=int, default=500)
    options = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    with extracted(photos_zip()) as photos, own_home(), tempfile.TemporaryDirectory(prefix="pawlab-bench-") as folder:
        weights = resolve_weights()
        plan = FeaturePlan(options.size, "average", 0, AugmentationConfig(), 0, crop="center")
        kernel = FeatureKernel(cached_base(weights).read_bytes(), weights.provenance.digest, plan)
        many = repeated(photos, Path(photos) / "repeated", options.images)
        for name, threads in (("local 1", 1), ("local 2", 2), ("local", 0)):
            started = time.perf_counter()
            result = measured(kernel, many, Path(folder, name), LocalEngine(threads), Watch())
            results[name] = result | {"seconds": round(time.perf_counter() - started, 1)}
        for workers in (1, 2):
            result, whole = on_ray(kernel, many, Path(folder, f"ray {workers}"), workers)
            results[f"ray {workers}"] = result | {"seconds": round(whole, 1)}
        results["faults"] = with_faults(kernel, many, Path(folder, "faults"), options)
    digests = {result.pop("digest") for result in results.values()}
    print_result(
        {
            "benchmark": "scale",
            "images": options.images,
            "image_size": options.size,
            "equal": len(digests) == 1 and all(one["images"] == options.images for one in results.values()),
            "efficiency": round(results["ray 2"]["pace"] / (2 * results["ray 1"]["pace"]), 3),
            "cores": round(results["local 2"]["pace"] / (2 * results["local 1"]["pace"]), 3),
            "overhead": round(results["ray 2"]["seconds"] / results["local"]["seconds"], 3),
            "jobs": results,
        }
    )


if __name__ == "__main__":
    main()
