"""A Ray of our own, as `--engine ray` starts it: two workers between two folders of a bucket, on this machine alone."""

import json
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.cli import console
from core.cli.main import app
from core.jobs.process import module_command, module_environment
from core.storage.parts import PartsFolder
from core.storage.places import Place
from tests.drawing import image_bytes
from tests.scale.conftest import LOOPBACK, NEEDS_SERVER, listening

pytestmark = [NEEDS_SERVER, pytest.mark.skipif(not find_spec("ray"), reason="needs Ray: make ray")]
SMALL = ["--image-size", "32"]
ASKED = """
import os, sys
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        host = arguments[1] if event == "socket.connect" else arguments
        if isinstance(host, tuple):
            with open(os.environ["ASKED"], "a") as file:
                print(event, host[0], sep="\t", file=file)
sys.addaudithook(note)
"""


@dataclass
class Done:
    """What the command said, which addresses its processes listened on by their names, and whom its Pythons asked."""

    last_line: dict[str, object]
    listened: dict[str, set[str]]
    asked: set[str]
    workers: set[int]


@pytest.fixture(scope="module")
def photos(bucket: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of addresses, long enough for two blocks."""
    pets = Place(f"s3://museum/pets{bucket}")
    assert pets._files is not None
    pets._files.create_dir("museum")
    for number in range(4):
        pets.write(f"{number}.jpg", image_bytes(number) if number else b"no image")
    listed = tmp_path_factory.mktemp("list") / "pets.txt"
    listed.write_text("\n".join(pets.file(f"{number % 4}.jpg") for number in range(300)))
    return listed


@pytest.fixture(scope="module")
def done(bucket: str, photos: Path, weights_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    home = tmp_path_factory.mktemp("home")
    (home / "cache").symlink_to(weights_cache)
    (home / "sitecustomize.py").write_text(ASKED)
    arguments = ["features", str(photos), f"s3://museum/ray{bucket}", *SMALL, "--engine", "ray", "--workers", "2"]
    environment = module_environment(PAWLAB_HOME=str(home), ASKED=str(home / "asked"))
    environment["PYTHONPATH"] += f":{home}"
    listened: dict[str, set[str]] = {}
    workers: set[int] = set()
    started = module_command("core", *arguments, "--json")
    with subprocess.Popen(started, env=environment, stdout=subprocess.PIPE) as command:
        while command.poll() is None:
            for process, address in listening(command.pid):
                listened.setdefault(process.name().partition(".")[0], set()).add(address)
                workers |= {process.pid} if "_Actor" in process.name() else set()
            time.sleep(0.2)
        assert command.stdout is not None
        last_line = json.loads(command.stdout.read().splitlines()[-1])
    asked = {line.partition("\t")[2] for line in (home / "asked").read_text().splitlines()}
    return Done(last_line, listened, asked, workers)


def test_two_workers_write_what_one_machine_writes(
    done: Done, bucket: str, photos: Path, ready_home: Path, tmp_path: Path
) -> None:
    assert console.run(app, ["features", str(photos), str(tmp_path / "out"), *SMALL]) == 1
    here, there = PartsFolder(str(tmp_path / "out")), PartsFolder(f"s3://museum/ray{bucket}")
    assert there.part_keys() == here.part_keys()
    assert all(there.place.read(f"{key}.parquet") == here.place.read(f"{key}.parquet") for key in here.part_keys())
    assert (done.last_line["images"], done.last_line["failed"], done.last_line["parts"]) == (300, 75, 2)
    assert len(done.workers) == 2


def test_nobody_else_on_the_network_reaches_it(done: Done) -> None:
    assert {"gcs_server", "raylet", "ray::_Actor"} <= done.listened.keys()
    assert set.union(*done.listened.values()) <= LOOPBACK


def test_it_asks_nobody_on_the_network(done: Done) -> None:
    assert done.asked
    assert done.asked <= {"127.0.0.1", "localhost", "::1"}
