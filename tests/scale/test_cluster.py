"""A real cluster of Ray, its two nodes on this machine: the bits of the local engine, whoever is lost on the way."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.augmentation import AugmentationConfig
from core.backbone.features import FeaturePlan
from core.backbone.graph import cached_base
from core.backbone.weights import resolve_weights
from core.cli import console
from core.cli.main import app
from core.errors import InputError
from core.scale.cluster import RayEngine
from core.scale.crew import IN_FLIGHT
from core.scale.engine import Engine
from core.scale.features import FeatureKernel
from core.scale.job import Outcome, run_job
from core.scale.joining import own_environment
from core.scale.kernel import Kernel
from core.scale.listing import list_dataset
from core.scale.local import LocalEngine
from core.storage.parts import PartsFolder
from tests.drawing import write_images
from tests.scale.conftest import LOOPBACK, listening
from tests.scale.sizes import SmallScan

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own

try:
    with own_environment():
        import ray
        from ray.cluster_utils import Cluster
except ImportError:
    pytest.skip("needs Ray: make ray", allow_module_level=True)

NODE = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with own_environment():
        cluster = Cluster(initialize_head=True, head_node_args=NODE)
        cluster.second = cluster.add_node(**NODE)
        try:
            yield cluster
        finally:
            cluster.shutdown()


@pytest.fixture
def kernel(ready_home: Path) -> FeatureKernel:
    weights = resolve_weights()
    plan = FeaturePlan(64, "average", 1, AugmentationConfig(), 0, crop="center")
    return FeatureKernel(cached_base(weights).read_bytes(), weights.provenance.digest, plan, files=4)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    pets = write_images(tmp_path / "pets", {"train/a": 25, "train/b": 25, "validation/a": 9})
    (pets / "train" / "a" / "bad.jpg").write_bytes(b"no image")
    return pets


class Killing:
    """Kills a worker after the first part, and takes a node away after the third."""

    def __init__(self, cluster: Any) -> None:
        self._cluster, self.calls = cluster, 0

    def __call__(self, done: int, total: int, failed: int) -> None:
        self.calls += 1
        if self.calls == 1:
            workers = [one for one in psutil.Process().children(recursive=True) if "ray::_Actor" in one.name()]
            os.kill(workers[0].pid, signal.SIGKILL)
        elif self.calls == 3:
            self._cluster.remove_node(self._cluster.second, allow_graceful=False)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """Where two pages are left: enough for Python to take it for its temporary folder, and for no four images."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16384", "tmpfs", str(folder)], check=False)
    if mount.returncode:
        pytest.skip("needs root, to mount a small file system")
    try:
        (folder / "ballast").write_bytes(bytes(8192))
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def parts_of(
    kernel: Kernel, pets: str, out: Path, engine: Engine, report: Any = lambda *_: None
) -> tuple[Outcome, dict[str, bytes]]:
    outcome = run_job(kernel, list_dataset(pets), PartsFolder(str(out)), engine, report)
    return outcome, {path.name: path.read_bytes() for path in out.glob("*.parquet")}


def test_its_nodes_listen_on_this_machine_alone(cluster: Any) -> None:
    found = {(process.name(), address) for process, address in listening(os.getpid()) if process.pid != os.getpid()}
    assert {name for name, _ in found} >= {"gcs_server", "raylet"}
    assert {address for _, address in found} <= LOOPBACK


def test_a_cluster_that_loses_a_worker_and_a_node_gives_the_bits_of_this_machine(
    cluster: Any, kernel: FeatureKernel, pets: Path, tmp_path: Path
) -> None:
    expected, parts = parts_of(kernel, str(pets), tmp_path / "local", LocalEngine())
    with RayEngine(cluster.address, 0, print) as engine:
        outcome, others = parts_of(kernel, str(pets), tmp_path / "ray", engine, Killing(cluster))
    assert (outcome.images, outcome.failed) == (expected.images, expected.failed) == (60, 1)
    assert others == parts
    assert len(parts) >= 15
    assert outcome.repeated <= 2 * IN_FLIGHT


def test_a_node_with_a_full_disk_is_left(cluster: Any, pets: Path, full_disk: Path, tmp_path: Path) -> None:
    """A scan writes what comes from an address to the disk of the node that reads it."""
    expected, parts = parts_of(SmallScan(), pets.as_uri(), tmp_path / "local", LocalEngine())
    full = cluster.add_node(**NODE, env_vars={"TMPDIR": str(full_disk)})
    said: list[str] = []
    with RayEngine(cluster.address, 0, said.append) as engine:

        def both(*_: int) -> None:
            """Goes on once both workers have started."""
            starting = [*engine._crew._starting]
            ray.wait(starting, num_returns=len(starting), timeout=60)

        outcome, others = parts_of(SmallScan(), pets.as_uri(), tmp_path / "ray", engine, both)
    cluster.remove_node(full)
    assert others == parts
    assert (outcome.images, outcome.failed) == (expected.images, expected.failed)
    assert 0 < outcome.repeated <= IN_FLIGHT
    assert [line for line in said if "not used any more" in line and "No space left" in line]


def test_workers_of_another_kind_are_refused(cluster: Any, kernel: FeatureKernel, pets: Path, tmp_path: Path) -> None:
    said: list[str] = []
    with RayEngine(cluster.address, 1, said.append) as engine, pytest.raises(InputError, match="other numbers"):
        next(engine.run(kernel, iter(()), "0" * 64))
    assert "not used" in said[0]


def test_no_cluster_at_an_address_is_one_line(capsys: pytest.CaptureFixture[str], pets: Path, tmp_path: Path) -> None:
    arguments = ["features", str(pets), str(tmp_path / "out"), "--engine", "ray", "--address", "127.0.0.1:1"]
    assert console.run(app, arguments) == 1
    assert capsys.readouterr().err.startswith("No Ray cluster answers at 127.0.0.1:1")
