"""Opening as a job: joined, stopped, replaced; what was open stays until the new one is ready."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.datasets import Dataset, open_dataset, opening
from core.datasets.current import current_source
from core.datasets.edits import Edits
from core.datasets.opening import STALE_SECONDS, Opening, Openings
from core.errors import Cancelled, DatasetError, PawlabError
from core.progress import Progress
from tests.drawing import write_images, zip_folder
from tests.gate import Gate
from tests.serving import Server, sender

PLAIN = {"cats": 5, "dogs": 5}
SECONDS = 20  # far longer than any of this takes


@pytest.fixture
def openings() -> Iterator[Openings]:
    openings = Openings()
    yield openings
    openings.close()


@pytest.fixture
def pets(tmp_path: Path) -> str:
    return str(write_images(tmp_path / "pets", PLAIN))


def test_a_job_opens_its_source_and_makes_it_current(openings: Openings, pets: str) -> None:
    job = openings.start(pets)
    assert job.wait(SECONDS)
    assert job.error is None
    found = openings.opened(pets)
    assert found is not None
    assert len(found.usable()) == 10
    assert current_source() == pets


def test_the_same_source_joins_the_job_at_work(openings: Openings, pets: str, gate: Gate) -> None:
    jobs = {openings.start(pets).id for _ in range(5)}
    gate.open.set()
    assert openings.job is not None
    assert openings.job.wait(SECONDS)
    assert len(jobs) == 1
    assert gate.calls == [pets]


def test_progress_can_be_read_while_it_works(openings: Openings, pets: str, gate: Gate) -> None:
    job = openings.start(pets)
    assert gate.entered.wait(SECONDS)
    step = job.look()
    assert (step.phase, step.done, step.total) == ("scan", 3, 10)
    assert not job.done


def test_the_open_dataset_stays_until_the_next_is_ready(
    openings: Openings, pets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openings.start(pets).wait(SECONDS)
    gate = Gate()
    monkeypatch.setattr(opening, "open_dataset", gate)
    other = str(write_images(tmp_path / "other", PLAIN))
    job = openings.start(other)
    assert gate.entered.wait(SECONDS)
    assert openings.opened(pets)
    assert current_source() == pets
    gate.open.set()
    assert job.wait(SECONDS)
    assert openings.opened(other)
    assert openings.opened(pets) is None


@pytest.mark.parametrize("how", ["cancel", "fail"])
def test_a_job_that_ends_badly_leaves_what_was_open(openings: Openings, pets: str, tmp_path: Path, how: str) -> None:
    openings.start(pets).wait(SECONDS)
    before = openings.opened(pets)
    if how == "fail":
        job = openings.start(str(tmp_path / "nowhere"))
    else:
        job = openings.start(str(write_images(tmp_path / "other", PLAIN)))
        job.cancel()
    assert job.wait(SECONDS)
    assert isinstance(job.error, DatasetError if how == "fail" else Cancelled)
    assert openings.opened(pets) is before
    assert current_source() == pets


def test_a_cancelled_job_ends_and_is_not_joined(openings: Openings, pets: str, gate: Gate) -> None:
    job = openings.start(pets)
    assert gate.entered.wait(SECONDS)
    job.cancel()
    assert job.wait(SECONDS)
    assert isinstance(job.error, Cancelled)
    gate.open.set()
    assert openings.start(pets).wait(SECONDS)
    assert openings.opened(pets)


def test_a_stop_in_the_last_moment_counts(openings: Openings, pets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped_at_the_end(source: str, *, progress: Progress) -> Dataset:
        found = open_dataset(source, progress=progress)
        assert openings.job is not None
        openings.job.cancel()
        return found

    monkeypatch.setattr(opening, "open_dataset", stopped_at_the_end)
    job = openings.start(pets)
    job.wait(SECONDS)
    assert isinstance(job.error, Cancelled)
    assert openings.opened(pets) is None


def test_the_latest_wish_wins(openings: Openings, pets: str, tmp_path: Path, gate: Gate) -> None:
    first = openings.start(str(write_images(tmp_path / "other", PLAIN)))
    assert gate.entered.wait(SECONDS)
    second = openings.start(pets)
    gate.open.set()
    assert second.wait(SECONDS)
    assert isinstance(first.error, Cancelled)
    assert openings.opened(pets)


def test_a_mistake_of_ours_ends_the_job_with_a_reason(
    openings: Openings, pets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(source: str, *, progress: Progress) -> Dataset:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(opening, "open_dataset", breaks)
    job = openings.start(pets)
    assert job.wait(SECONDS)
    assert type(job.error) is PawlabError
    assert "ZeroDivisionError" in str(job.error)


def test_an_address_is_opened_and_remembered_without_its_secrets(
    openings: Openings, server: Server, tmp_path: Path
) -> None:
    server.behaviour = sender(zip_folder(write_images(tmp_path / "pets", PLAIN)))
    job = openings.start(server.url("/pets.zip?token=hush"))
    assert job.wait(SECONDS)
    assert job.error is None
    assert "hush" not in job.source
    assert openings.opened(job.source)
    assert current_source() == job.source
    assert Openings().start(current_source()).wait(SECONDS)  # as after a restart
    assert len(server.paths) == 1


def test_an_address_can_be_fetched_again(openings: Openings, server: Server, tmp_path: Path) -> None:
    server.behaviour = sender(zip_folder(write_images(tmp_path / "one", PLAIN)))
    openings.start(server.url()).wait(SECONDS)
    server.behaviour = sender(zip_folder(write_images(tmp_path / "two", {"cats": 9, "dogs": 9})))
    openings.start(server.url(), again=True).wait(SECONDS)
    found = openings.opened(server.url())
    assert found is not None
    assert len(found.usable()) == 18


def test_the_open_dataset_follows_an_edit_made_anywhere(openings: Openings, pets: str) -> None:
    openings.start(pets).wait(SECONDS)
    before = openings.opened(pets)
    assert before is not None
    assert openings.opened(pets) is before
    elsewhere = Edits.load(before)
    elsewhere.exclude(before.records[:2])
    after = openings.opened(pets)
    assert after is not None
    assert len(after.usable()) == len(before.usable()) - 2
    elsewhere.undo()
    assert openings.opened(pets) == before


def test_the_time_left_follows_from_the_pace_of_the_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    job = Opening("x")
    job.tell("extract", 0, 10)
    now += 50
    job.tell("scan", 20, 100)  # twenty were known already
    now += 0.5
    job.tell("scan", 30, 100)
    assert job.look().seconds_left is None  # too soon to say
    now += 1.5
    job.tell("scan", 60, 100)
    assert job.look().seconds_left == pytest.approx(2.0)
    job.tell("download", 60, 0)
    now += 5
    assert job.look().seconds_left is None


def test_an_opening_removes_what_a_killed_unpacking_left(openings: Openings, pets: str, pawlab_home: Path) -> None:
    left = pawlab_home / "datasets" / ".abc.0123abcd.tmp"
    left.mkdir(parents=True)
    os.utime(left, (1, 1))
    openings.start(pets).wait(SECONDS)
    assert not left.exists()


def test_an_opening_leaves_alone_what_another_process_still_unpacks(
    openings: Openings, pets: str, pawlab_home: Path
) -> None:
    """A folder's own time says only when its latest folder was made."""
    left = pawlab_home / "datasets" / ".abc.0123abcd.tmp"
    (left / "train").mkdir(parents=True)
    (left / "train" / "1.jpg").write_bytes(b"x")
    long_ago = time.time() - STALE_SECONDS - 100
    for folder in (left / "train", left):
        os.utime(folder, (long_ago, long_ago))
    openings.start(pets).wait(SECONDS)
    assert (left / "train" / "1.jpg").exists()
