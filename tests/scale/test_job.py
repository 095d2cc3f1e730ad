"""A job: only what is missing is computed, every file has one row, and a stop loses nothing that is finished."""

from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import Cancelled, ConfigError, InputError, PawlabError
from core.scale.job import Files, run_job
from core.scale.listing import list_dataset
from core.scale.local import LocalEngine
from core.storage.parts import MANIFEST, PartsFolder, finished
from tests.drawing import write_images
from tests.scale.sizes import SizeKernel


class Reports:
    """Notes what it is told; stops the job, as Ctrl-C does, once so many files are done."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.stop_after, self.calls = stop_after, list[tuple[int, int, int]]()

    def __call__(self, done: int, total: int, failed: int) -> None:
        self.calls.append((done, total, failed))
        if done >= self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return write_images(tmp_path / "pets", {"cats": 30, "dogs": 30}, (8, 8))


@pytest.fixture
def out(tmp_path: Path) -> PartsFolder:
    return PartsFolder(str(tmp_path / "out"))


def files_in(folder: Path) -> Files:
    return list_dataset(str(folder))


def rows_of(folder: PartsFolder) -> dict[str, int | None]:
    table = pa.concat_tables(folder.read(key) for key in folder.part_keys())
    assert len(set(table["path"].to_pylist())) == len(table)
    return dict(zip(table["path"].to_pylist(), table["size"].to_pylist(), strict=True))


def sizes_in(folder: Path) -> dict[str, int | None]:
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*.jpg")}


def test_every_file_has_a_row_and_a_bad_one_a_reason(pets: Path, out: PartsFolder) -> None:
    (pets / "cats" / "link.jpg").symlink_to("/etc/hostname")
    outcome = run_job(SizeKernel(), files_in(pets), out, LocalEngine(), Reports())
    assert rows_of(out) == sizes_in(pets) | {"cats/link.jpg": None}
    assert (outcome.images, outcome.failed, outcome.new) == (61, 1, 61)
    assert finished(out, "scan").failed == 1


def test_a_stop_leaves_whole_parts_and_resume_computes_the_rest(pets: Path, out: PartsFolder) -> None:
    with pytest.raises(Cancelled, match="--resume"):
        run_job(SizeKernel(), files_in(pets), out, LocalEngine(), Reports(stop_after=20))
    with pytest.raises(InputError, match="not finished"):
        finished(out, "scan")
    before = {key: out.place.read(f"{key}.parquet") for key in out.part_keys()}
    done = sum(len(out.read(key)) for key in before)
    assert 20 <= done < 60
    outcome = run_job(SizeKernel(), files_in(pets), out, LocalEngine(), Reports(), resume=True)
    assert outcome.new == 60 - done
    assert rows_of(out) == sizes_in(pets)
    assert all(out.place.read(f"{key}.parquet") == content for key, content in before.items())


def test_files_that_changed_or_went_have_no_old_rows(pets: Path, out: PartsFolder) -> None:
    run_job(SizeKernel(), files_in(pets), out, LocalEngine(), Reports())
    (pets / "cats" / "0.jpg").write_bytes(b"another")
    (pets / "dogs" / "7.jpg").unlink()
    outcome = run_job(SizeKernel(), files_in(pets), out, LocalEngine(), Reports(), resume=True)
    assert rows_of(out) == sizes_in(pets)
    assert outcome.images == 59 > outcome.new


def test_a_folder_that_holds_something_is_not_written_to(pets: Path, out: PartsFolder, tmp_path: Path) -> None:
    run_job(SizeKernel(), files_in(pets), out, LocalEngine(), Reports())
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(ConfigError, match="--resume"):
        run_job(SizeKernel(), files_in(pets), out, LocalEngine(), Reports())
    with pytest.raises(InputError, match="factor"):
        run_job(SizeKernel(factor=2), files_in(pets), out, LocalEngine(), Reports(), resume=True)
    with pytest.raises(InputError, match=MANIFEST):
        run_job(SizeKernel(), files_in(pets), PartsFolder(str(pets)), LocalEngine(), Reports(), resume=True)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_parts_that_went_elsewhere_are_missed(pets: Path, out: PartsFolder) -> None:
    """As where workers write to a folder of their own that has the name of ours."""

    def lose(done: int, total: int, failed: int) -> None:
        if done == total:
            out.remove(min(out.part_keys()))

    with pytest.raises(PawlabError, match="1 parts that workers wrote are not in"):
        run_job(SizeKernel(), files_in(pets), out, LocalEngine(), lose)
    assert out.manifest().parts is None
    assert run_job(SizeKernel(), files_in(pets), out, LocalEngine(), Reports(), resume=True).images == 60


def test_another_kind_of_machine_does_not_continue(pets: Path, out: PartsFolder) -> None:
    run_job(SizeKernel(), files_in(pets), out, LocalEngine(), Reports())
    manifest = out.manifest().model_copy(update={"probe": "0" * 64})
    out.write_manifest(manifest)
    with pytest.raises(InputError, match="other numbers"):
        run_job(SizeKernel(), files_in(pets), out, LocalEngine(), Reports(), resume=True)
