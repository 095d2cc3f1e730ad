"""The public cats and dogs: a word for an address with a known length."""

import json
import socket
from pathlib import Path

import pytest

from core.datasets import open_dataset, public
from core.datasets.public import CATS_AND_DOGS, CATS_AND_DOGS_VARIABLE
from core.datasets.remote import fetch_zip
from core.datasets.source import resolve_source
from core.errors import DownloadError
from tests.drawing import write_images, zip_folder
from tests.serving import Server, sender

LAYOUT = {"train/cats": 3, "train/dogs": 3, "validation/cats": 2, "validation/dogs": 2}


@pytest.fixture
def mirror(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Serves a small zip in the public one's layout, whose length is then the expected one."""
    content = zip_folder(write_images(tmp_path / "photos", LAYOUT), "cats_and_dogs_filtered/")
    server.behaviour = sender(content)
    monkeypatch.setattr(public, "CATS_AND_DOGS_BYTES", len(content))
    monkeypatch.setenv(CATS_AND_DOGS_VARIABLE, server.url("/x.zip"))
    return server


def test_the_word_opens_the_dataset_and_stays_its_source(mirror: Server) -> None:
    dataset = open_dataset(CATS_AND_DOGS)
    assert (dataset.name, dataset.source.text) == ("cats_and_dogs_filtered", CATS_AND_DOGS)
    assert dataset.counts()["train"] == {"cats": 3, "dogs": 3}
    assert dataset.source.path.is_file()
    open_dataset(CATS_AND_DOGS)
    assert len(mirror.paths) == 1


@pytest.mark.parametrize("difference", [-1, 1])
def test_a_file_of_another_length_is_refused(
    mirror: Server, difference: int, monkeypatch: pytest.MonkeyPatch, pawlab_home: Path
) -> None:
    monkeypatch.setattr(public, "CATS_AND_DOGS_BYTES", public.CATS_AND_DOGS_BYTES + difference)
    with pytest.raises(DownloadError, match=r"more than|damaged"):
        open_dataset(CATS_AND_DOGS)
    assert not resolve_source(CATS_AND_DOGS).path.exists()


def test_offline_says_what_to_do_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv(CATS_AND_DOGS_VARIABLE, f"http://127.0.0.1:{free.getsockname()[1]}/x.zip")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(DownloadError, match=r"Check the network.* drawn sample .* folder of your own.* by its path"):
        open_dataset(CATS_AND_DOGS)


def test_the_digest_is_written_down(mirror: Server) -> None:
    path = fetch_zip(resolve_source(CATS_AND_DOGS))
    assert len(json.loads(path.with_suffix(".json").read_bytes())["sha256"]) == 64
