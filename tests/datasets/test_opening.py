"""Opening as a job: joined, stopped, replaced; what was open stays until the new one is ready."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.datasets import Dataset, open_dataset, opening
from core.datasets.current import current_source
from core.datasets.edits.edits import Edits
from core.datasets.opening import STALE_SECONDS, Openings
from core.datasets.source import Source, resolve_source
from core.errors import Cancelled, DatasetError, PawlabError
from core.jobs.background import Job
from core.jobs.progress import Progress
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
def pets(tmp_path: Path) -> Source:
    return resolve_source(write_images(tmp_path / "pets", PLAIN))


def test_a_job_opens_its_source_and_makes_it_current(openings: Openings, pets: Source) -> None:
    job = openings.start(pets, "a")
    assert job.wait(SECONDS)
    assert job.error is None
    found = openings.opened(pets)
    assert found is not None
    assert len(found.usable()) == 10
    assert current_source() == pets


def test_the_same_source_joins_the_job_at_work(openings: Openings, pets: Source, gate: Gate) -> None:
    jobs = {openings.start(pets, f"session {number}").id for number in range(5)}
    job = openings.job("session 3")
    assert job is not None
    gate.open.set()
    assert job.wait(SECONDS)
    assert len(jobs) == 1
    assert gate.calls == [pets]


def test_progress_can_be_read_while_it_works(openings: Openings, pets: Source, gate: Gate) -> None:
    job = openings.start(pets, "a")
    assert gate.entered.wait(SECONDS)
    step = job.progress
    assert (step.phase, step.done, step.total) == ("scan", 3, 10)
    assert not job.done


def test_the_open_dataset_stays_until_the_next_is_ready(
    openings: Openings, pets: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openings.start(pets, "a").wait(SECONDS)
    gate = Gate()
    monkeypatch.setattr(opening, "open_dataset", gate)
    other = resolve_source(write_images(tmp_path / "other", PLAIN))
    job = openings.start(other, "a")
    assert gate.entered.wait(SECONDS)
    assert openings.opened(pets)
    assert current_source() == pets
    gate.open.set()
    assert job.wait(SECONDS)
    assert openings.opened(other)
    assert openings.opened(pets)  # another session may show it


@pytest.mark.parametrize("how", ["cancel", "fail"])
def test_a_job_that_ends_badly_leaves_what_was_open(openings: Openings, pets: Source, tmp_path: Path, how: str) -> None:
    openings.start(pets, "a").wait(SECONDS)
    before = openings.opened(pets)
    if how == "fail":
        job = openings.start(resolve_source(tmp_path / "nowhere"), "a")
    else:
        job = openings.start(resolve_source(write_images(tmp_path / "other", PLAIN)), "a")
        job.cancel()
    assert job.wait(SECONDS)
    assert isinstance(job.error, DatasetError if how == "fail" else Cancelled)
    assert openings.opened(pets) is before
    assert current_source() == pets


def test_a_cancelled_job_ends_and_is_not_joined(openings: Openings, pets: Source, gate: Gate) -> None:
    job = openings.start(pets, "a")
    assert gate.entered.wait(SECONDS)
    job.cancel()
    assert job.wait(SECONDS)
    assert isinstance(job.error, Cancelled)
    gate.open.set()
    assert openings.start(pets, "a").wait(SECONDS)
    assert openings.opened(pets)


def test_a_stop_in_the_last_moment_counts(openings: Openings, pets: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped_at_the_end(source: Source, *, progress: Progress) -> Dataset:
        found = open_dataset(source, progress=progress)
        job = openings.job("a")
        assert job is not None
        job.cancel()
        return found

    monkeypatch.setattr(opening, "open_dataset", stopped_at_the_end)
    job = openings.start(pets, "a")
    job.wait(SECONDS)
    assert isinstance(job.error, Cancelled)
    assert openings.opened(pets) is None


def test_the_latest_wish_wins(openings: Openings, pets: Source, tmp_path: Path, gate: Gate) -> None:
    first = openings.start(resolve_source(write_images(tmp_path / "other", PLAIN)), "a")
    assert gate.entered.wait(SECONDS)
    second = openings.start(pets, "a")
    gate.open.set()
    assert second.wait(SECONDS)
    assert isinstance(first.error, Cancelled)
    assert openings.opened(pets)


def test_a_job_that_another_session_waits_for_goes_on(
    openings: Openings, pets: Source, tmp_path: Path, gate: Gate
) -> None:
    job = openings.start(pets, "a")
    assert openings.start(pets, "b") is job
    openings.start(resolve_source(write_images(tmp_path / "other", PLAIN)), "a")
    assert openings.start(pets, "c") is job
    openings.stop("c")
    stopped = openings.job("c")
    assert stopped is not None
    assert isinstance(stopped.error, Cancelled)
    gone_on = not job.stopping
    openings.stop("b")
    assert (gone_on, job.stopping) == (True, True)
    openings.leave("b")
    assert openings.job("b") is None
    gate.open.set()
    assert job.wait(SECONDS)


def test_only_so_many_datasets_stay_in_memory(
    openings: Openings, pets: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MOST_OPEN", 2)
    others = [resolve_source(write_images(tmp_path / name, PLAIN)) for name in ("one", "two")]
    for source in (pets, others[0]):
        assert openings.start(source, "a").wait(SECONDS)
    assert openings.opened(pets)  # the latest to be looked at stays
    assert openings.start(others[1], "a").wait(SECONDS)
    assert [openings.opened(source) is not None for source in (pets, *others)] == [True, False, True]


def test_a_mistake_of_ours_ends_the_job_with_a_reason(
    openings: Openings, pets: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(source: Source, *, progress: Progress) -> Dataset:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(opening, "open_dataset", breaks)
    job = openings.start(pets, "a")
    assert job.wait(SECONDS)
    assert type(job.error) is PawlabError
    assert "ZeroDivisionError" in str(job.error)


def test_an_address_is_opened_and_remembered_without_its_secrets(
    openings: Openings, server: Server, tmp_path: Path
) -> None:
    server.behaviour = sender(zip_folder(write_images(tmp_path / "pets", PLAIN)))
    job = openings.start(resolve_source(server.url("/pets.zip?token=hush")), "a")
    assert job.wait(SECONDS)
    assert job.error is None
    assert "hush" not in f"{job.key.text} {job.key!r}"
    assert openings.opened(job.key)
    assert current_source() == job.key
    assert Openings().start(current_source(), "a").wait(SECONDS)  # as after a restart
    assert len(server.paths) == 1


def test_an_address_can_be_fetched_again(openings: Openings, server: Server, tmp_path: Path) -> None:
    server.behaviour = sender(zip_folder(write_images(tmp_path / "one", PLAIN)))
    source = resolve_source(server.url())
    openings.start(source, "a").wait(SECONDS)
    server.behaviour = sender(zip_folder(write_images(tmp_path / "two", {"cats": 9, "dogs": 9})))
    openings.start(source, "a", download_again=True).wait(SECONDS)
    found = openings.opened(source)
    assert found is not None
    assert len(found.usable()) == 18


def test_the_open_dataset_follows_an_edit_made_anywhere(openings: Openings, pets: Source) -> None:
    openings.start(pets, "a").wait(SECONDS)
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
    job = Job()
    job.report("extract", 0, 10)
    now += 50
    job.report("scan", 20, 100)  # twenty were known already
    now += 0.5
    job.report("scan", 30, 100)
    assert job.progress.seconds_left is None  # too soon to say
    now += 1.5
    job.report("scan", 60, 100)
    assert job.progress.seconds_left == pytest.approx(2.0)
    job.report("download", 60, 0)
    now += 5
    assert job.progress.seconds_left is None


def test_an_opening_removes_what_a_killed_unpacking_left(openings: Openings, pets: Source, pawlab_home: Path) -> None:
    left = pawlab_home / "datasets" / ".abc.0123abcd.tmp"
    left.mkdir(parents=True)
    os.utime(left, (1, 1))
    openings.start(pets, "a").wait(SECONDS)
    assert not left.exists()


def test_an_opening_leaves_alone_what_another_process_still_unpacks(
    openings: Openings, pets: Source, pawlab_home: Path
) -> None:
    """A folder's own time says only when its latest folder was made."""
    left = pawlab_home / "datasets" / ".abc.0123abcd.tmp"
    (left / "train").mkdir(parents=True)
    (left / "train" / "1.jpg").write_bytes(b"x")
    long_ago = time.time() - STALE_SECONDS - 100
    for folder in (left / "train", left):
        os.utime(folder, (long_ago, long_ago))
    openings.start(pets, "a").wait(SECONDS)
    assert (left / "train" / "1.jpg").exists()
