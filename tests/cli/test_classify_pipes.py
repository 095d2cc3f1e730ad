"""`classify` among other programs: paths on stdin, the table on stdout, links, files that exist, exit codes."""

import csv
import io
import os
import subprocess
from pathlib import Path

import pytest

from core.cli import console
from core.cli.main import app
from core.inference.classifier import Classifier
from core.jobs.process import PROJECT
from core.runs.run import Run
from tests.cli.test_classify import command, rows_of


def classify(capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int = 0) -> tuple[str, str]:
    """What is said on stdout and on stderr, within this process."""
    assert console.run(app, ["classify", *map(str, arguments)]) == code
    said = capsys.readouterr()
    return said.out, said.err


@pytest.fixture
def images(drawn: Path) -> list[Path]:
    return sorted((drawn / "validation" / "dogs").iterdir())[:3]


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "bad.jpg"
    file.write_bytes(b"no image")
    return file


@pytest.mark.parametrize("place", ["-", "/dev/stdout"])
def test_paths_come_on_stdin_and_the_table_goes_to_stdout(trained: Run, images: list[Path], place: str) -> None:
    done = subprocess.run(
        command("-", "--run", trained.directory, "--csv", place),
        cwd=PROJECT,
        input="".join(f"{image}\n" for image in images),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    classifier = Classifier.open(trained)
    expected = [(str(image), classifier.classify(image).label) for image in images]
    assert [(row["path"], row["label"]) for row in csv.DictReader(io.StringIO(done.stdout))] == expected
    assert "3 images" in done.stderr


def test_what_a_shell_appends_to_is_kept(trained: Run, images: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "all.csv"
    target.write_text("before\n")
    with target.open("a") as file:
        call = command(*images, "--run", trained.directory, "--csv", "/dev/stdout")
        subprocess.run(call, cwd=PROJECT, stdout=file, stderr=subprocess.DEVNULL, timeout=120, check=True)
    assert target.read_text().startswith("before\npath,label")
    assert len(target.read_text().splitlines()) == 2 + len(images)


def test_a_reader_of_the_table_may_leave(trained: Run, images: list[Path]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        call = command(*images, "--run", trained.directory, "--csv", "-")
        done = subprocess.run(call, cwd=PROJECT, stdout=pipe, stderr=subprocess.PIPE, timeout=120)
    assert (done.returncode, done.stderr) == (141, b"")


def test_paths_on_stdin_may_be_separated_by_nul_and_stand_among_others(
    trained: Run,
    images: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    odd = tmp_path / "two\nlines.png"
    odd.write_bytes(images[1].read_bytes())
    content = b"\0".join(map(os.fsencode, (odd, images[2]))) + b"\0"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    table = tmp_path / "table.csv"
    classify(capsys, images[0], "-", "--run", trained.directory, "--csv", table)
    assert [row["path"] for row in rows_of(table)] == [str(images[0]), str(odd), str(images[2])]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"/nowhere.jpg\n")))
    assert "/nowhere.jpg does not exist" in classify(capsys, "-", "--run", trained.directory, code=2)[1]


def test_a_table_that_exists_is_replaced_only_by_force(
    trained: Run, images: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    classify(capsys, *images, "--run", trained.directory, "--csv", table)
    before = table.read_bytes()
    _, said = classify(capsys, images[0], "--run", trained.directory, "--csv", table, code=2)
    assert "--resume" in said and "--force" in said
    assert table.read_bytes() == before
    classify(capsys, images[0], "--run", trained.directory, "--csv", table, "--force")
    assert len(rows_of(table)) == 1


def test_an_image_without_a_prediction_is_an_exit_code(
    trained: Run, images: list[Path], bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, said = classify(capsys, images[0], bad, "--run", trained.directory, code=1)
    assert str(images[0]) in output
    assert f"1 of 2 images have no prediction. The first: {bad}: " in said
    output, said = classify(capsys, bad, "--run", trained.directory, "--json", code=1)
    assert '"errors": 1' in output
    assert "1 of 1 images" in said


def test_a_folder_of_links_that_lead_elsewhere_says_how_many_and_where_to(
    trained: Run, images: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    for image in images:
        (folder / image.name).symlink_to(image)
    _, said = classify(capsys, folder, "--run", trained.directory, code=1)
    assert f"3 of 3 images have no prediction. The first: {folder / images[0].name}: a link that leads out" in said
    assert str(images[0].resolve()) in said
