"""`python -m core classify` as a user calls it: the app's predictions, tables that go on after a break, summaries."""

import csv
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import ImageError
from core.inference.classifier import Classifier
from core.jobs.process import PROJECT
from core.runs.choices import THRESHOLD
from core.runs.limits import limits_of
from core.runs.run import Run, load_run
from tests.cli.calling import Said, core
from tests.drawing import draw_image, encode, image_bytes, make_zip


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "core", "classify", *map(str, arguments)]


def classify(*arguments: str | Path | float, code: int | None = 0) -> Said:
    """Within this process: tests/cli/test_main.py sees that one of its own does the same."""
    return core("classify", *arguments, code=code)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def exif(orientation: int) -> Any:
    tags = draw_image().getexif()
    tags[0x0112] = orientation
    return tags


def odd_images() -> dict[str, bytes]:
    """What phones, programs and accidents make; the last ones are no images."""
    frames = [draw_image(seed, mode="P") for seed in (1, 2)]
    turned = {f"turned {n}.jpg": image_bytes(3, (90, 60), exif=exif(n)) for n in range(1, 9)}
    return turned | {
        "alpha.png": encode(draw_image(4).convert("RGBA").rotate(20, expand=True), "PNG"),
        "palette with alpha.png": image_bytes(5, mode="P", format="PNG", transparency=0),
        "cmyk.jpg": image_bytes(6, mode="CMYK"),
        "animated.gif": encode(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "photo.webp": image_bytes(7, format="WEBP"),
        "alpha.webp": encode(draw_image(8).convert("RGBA").rotate(20, expand=True), "WEBP"),
        "grey.png": image_bytes(9, mode="L", format="PNG"),
        "16 bit.png": image_bytes(10, mode="I;16", format="PNG"),
        "1 bit.png": image_bytes(11, mode="1", format="PNG"),
        "one pixel.png": image_bytes(12, (1, 1), format="PNG"),
        "one row.jpg": image_bytes(13, (900, 1)),
        "a bitmap.bmp": image_bytes(14, format="BMP"),
        "a tiff.tif": image_bytes(15, format="TIFF"),
        "a png in truth.jpg": image_bytes(16, format="PNG"),
        "no ending": image_bytes(17),
        "cut.jpg": image_bytes(18, (300, 200))[:900],
        "empty.jpg": b"",
        "text.jpg": b"no image",
        "header.gif": b"GIF89a",
    }


def test_the_command_line_gives_the_classifiers_prediction_or_reason_for_every_kind(
    trained: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name, content in odd_images().items():
        (folder / name).write_bytes(content)
    table = folder / "predictions.csv"  # among the images, and none of them
    done = classify(folder, "--run", trained.directory, "--json", "--csv", table, code=1)
    result = done.result
    classifier = Classifier.open(trained)
    assert len(result["results"]) == len(odd_images())
    for result_row, row in zip(result["results"], rows_of(table), strict=True):
        content = odd_images()[Path(result_row["path"]).name]
        try:
            prediction = classifier.classify(content)
        except ImageError as error:
            assert result_row == {"path": result_row["path"], "error": error.received}
            assert (row["path"], row["label"], row["error"]) == (result_row["path"], "", error.received)
            continue
        assert result_row["label"] == row["label"] == prediction.label
        assert result_row["set"] == list(prediction.likely(limits_of(trained, None)) or ())
        assert row["set"] == " | ".join(result_row["set"])
        assert result_row["probabilities"] == pytest.approx(prediction.probabilities, abs=1e-5)
        assert {name: float(row[name]) for name in classifier.classes} == result_row["probabilities"]
    assert result["errors"] == 4
    assert sum("error" in result_row for result_row in result["results"]) == 4


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    """1,000 files, hard links to few, in folders and a bad one among them."""
    folder = tmp_path_factory.mktemp("many")
    images = sorted(drawn.rglob("*.*"))
    for number in range(1000):
        place = folder / f"{number // 250}"
        place.mkdir(exist_ok=True)
        (place / f"{number:04}.jpg").hardlink_to(images[number % len(images)])
    (folder / "1" / "bad.jpg").write_bytes(b"text")
    return folder


def interrupted(table: Path, size: int, number: signal.Signals, *arguments: str | Path) -> tuple[int, str]:
    """Begins, sends the signal once the table has that many bytes, and gives the exit code and what was said."""
    process = subprocess.Popen(command(*arguments), cwd=PROJECT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while (not table.exists() or table.stat().st_size < size) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(number)
    return process.wait(60), process.communicate()[1]


def test_interrupted_and_killed_it_goes_on_to_one_prediction_for_each_image(
    trained: Run, many: Path, tmp_path: Path
) -> None:
    table = tmp_path / "predictions.csv"
    call = (many, "--run", trained.directory, "--csv", table, "--resume")
    code, output = interrupted(table, 200, signal.SIGINT, *call)
    assert code == 130
    assert "of 1,001 images" in output and str(table) in output and "--resume" in output
    assert "Traceback" not in output
    after_interrupt = rows_of(table)
    assert len(after_interrupt) < 1001

    code, _ = interrupted(table, table.stat().st_size + 20_000, signal.SIGKILL, *call)
    assert code == -signal.SIGKILL
    before = table.stat().st_size
    with table.open("r+b") as file:
        file.truncate(before - 3)  # as a kill in the middle of a write leaves it

    summary = classify(*call, "--json", code=None).result
    rows = rows_of(table)
    assert [row["path"] for row in rows] == sorted(str(path) for path in many.rglob("*.jpg"))
    assert rows[: len(after_interrupt)] == after_interrupt
    assert summary["already_answered"] + len(summary["results"]) == 1001
    assert summary["already_answered"] > len(after_interrupt)

    whole = table.read_bytes()
    output = classify(*call).stdout
    assert "0 images" in output and "1,001 were already in" in output
    assert table.read_bytes() == whole


def test_a_table_of_another_run_or_of_other_images_is_refused(trained: Run, drawn: Path, tmp_path: Path) -> None:
    table = tmp_path / "predictions.csv"
    images = drawn / "validation" / "cats"
    classify(images, "--run", trained.directory, "--csv", table)
    before = table.read_bytes()
    other = shutil.copytree(drawn / "validation" / "dogs", tmp_path / "others")
    assert (
        "none of the first images"
        in classify(other, "--run", trained.directory, "--csv", table, "--resume", code=2).stderr
    )

    shutil.copytree(trained.directory, tmp_path / "another")
    _shift(tmp_path / "another" / "model.onnx")
    output = classify(images, "--run", tmp_path / "another", "--csv", table, "--resume", code=2).stderr
    assert "another run" in output
    assert table.read_bytes() == before


def _shift(model: Path) -> None:
    """Gives the model another bias at its end, and so other predictions, as another run has."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(model)
    last = graph.graph.initializer[-1]
    last.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(last) + 3, last.name))
    onnx.save(graph, model)


def test_without_json_a_large_folder_is_counted_and_its_first_predictions_are_shown(trained: Run, many: Path) -> None:
    done = classify(many / "0", "--run", trained.directory, code=1)  # drawn has a README among its images
    assert "and 200 more; use --csv FILE for all of them" in done.stdout
    assert "250 images, " in done.stdout and "images/s" in done.stdout


def test_the_threshold_counts_as_unsure(trained: Run, drawn: Path, tmp_path: Path) -> None:
    run = load_run(Path(shutil.copytree(trained.directory, tmp_path / "run")))
    images = drawn / "validation"
    classifier = Classifier.open(run)
    confidences = sorted(classifier.classify(file).confidence for file in images.rglob("*.*"))
    middle = (confidences[4] + confidences[5]) / 2
    output = classify(images, "--run", run.directory, "--threshold", str(middle)).stdout
    assert f"unsure (confidence below {middle:g}): 5" in output
    assert "unsure: " in output
    THRESHOLD.keep(run, middle)
    result = classify(images, "--run", run.directory, "--json").result
    assert result["unsure"] == 5
    result = classify(images, "--run", run.directory, "--threshold", "0", "--json").result
    assert result["unsure"] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--resume",), "without a --csv file"),
        (("--resume", "--csv", "-"), "without a --csv file"),
        (("--resume", "--csv", "/dev/null"), "without a --csv file"),
        (("--json", "--csv", "-"), "one of them"),
        (("--threshold", "1.5"), "0 to 1"),
        (("--threshold", "nan"), "0 to 1"),
        (("--csv", "PICTURE"), "not a table of predictions"),
        (("--csv", "/"), "cannot be a file"),
        (("--csv", "/nowhere/a.csv"), "a folder that exists"),
        (("--csv", "/nowhere/a.csv", "--resume"), "a folder that exists"),
    ],
)
def test_bad_options_end_with_2_and_one_line(
    trained: Run, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(image_bytes())
    options = [str(image) if word == "PICTURE" else word for word in arguments]
    said = classify(image, "--run", trained.directory, *options, code=2).stderr
    assert reason in said
    assert len(said.strip().splitlines()) == 1
    assert image.read_bytes() == image_bytes()


def test_nothing_to_classify_is_bad_input(trained: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no files" in classify(tmp_path / "empty", "--run", trained.directory, code=2).stderr
    (tmp_path / "a.zip").write_bytes(make_zip({"../evil.jpg": b""}))
    assert "evil" in classify(tmp_path / "a.zip", "--run", trained.directory, code=2).stderr


def test_a_folder_is_sorted_and_its_originals_stay(trained: Run, drawn: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(drawn / "validation", photos)
    (photos / "notes.txt").write_text("no image")
    before = {path: path.read_bytes() for path in photos.rglob("*.*")}
    classifier = Classifier.open(trained)
    images = sorted(path for path in before if path.suffix != ".txt")
    predictions = {path: classifier.classify(path) for path in images}
    threshold = sorted(prediction.confidence for prediction in predictions.values())[5]
    arguments = (photos, "--run", trained.directory, "--threshold", threshold, "--sort-into", photos / "sorted")
    done = classify(*map(str, arguments), code=1)
    assert "copied into" in done.stdout
    again = classify(*map(str, arguments), "--json", code=1).result
    assert len(again["results"]) == len(before)  # not the copies
    assert again["copied"]["unsure"] == 5
    copies = [path for path in (photos / "sorted").rglob("*.*") if path.is_file()]
    assert len(copies) == 2 * len(images)
    wanted = {
        path.read_bytes(): "unsure" if prediction.confidence < threshold else prediction.label
        for path, prediction in predictions.items()
    }
    assert {copy.read_bytes(): copy.parent.name for copy in copies} == wanted
    assert {path: path.read_bytes() for path in before} == before


def test_sorting_into_the_images_themselves_is_refused(trained: Run, drawn: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(drawn / "validation", photos)
    assert "another folder" in classify(photos, "--run", trained.directory, "--sort-into", photos, code=2).stderr
