"""A bundle works without this project, agrees with the app, and is not offered where it does not."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.datasets import open_dataset
from core.errors import Cancelled, ExportError, InputError
from core.evaluation.intervals import wilson_interval
from core.export.bundle import PREDICT, Bundle, make_bundle
from core.export.compare import difference_to
from core.export.files import MEMBERS, REQUIRED, SUMS, check_files, write_zip
from core.export.importing import import_bundle
from core.export.samples import DIGEST, awkward_images
from core.images.crop import Crop
from core.images.decode import load_image
from core.images.files import MAX_BYTES
from core.inference.classifier import Classifier, Prediction
from core.runs.choices import THRESHOLD
from core.runs.limits import limits_of
from core.runs.run import Run, load_run
from core.storage.files import read_json, write_json
from core.text.file_names import file_name
from tests.cli.calling import core, process
from tests.connections import traced
from tests.drawing import draw_image, encode, image_bytes
from tests.export.making import names_in, run_notebook, write_bundle

pytestmark = pytest.mark.timeout(800)  # TensorFlow's converter beside other tests

GUARD = """
import runpy, sys
ALLOWED = {*sys.stdlib_module_names, "numpy", "PIL", "onnxruntime"}
class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in ALLOWED:
            raise ImportError(f"{name} is not among what predict.py may need")
sys.meta_path.insert(0, Guard())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def made(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bundle, Path]]:
    """The bundle of the finished run, LiteRT and all, and the folder that it was unpacked into."""
    folder = tmp_path_factory.mktemp("bundle")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAWLAB_HOME", str(folder / "home"))
        target = folder / "bundle.zip"
        with traced(folder) as connections:
            said = process("export", trained.directory, target, "--json").result
        assert {"core", "core.export.keras_side"} <= connections.programs()
        assert not connections.strangers()
        assert said.pop("run") == trained.id
        bundle = Bundle(**{**said, "files": tuple(said["files"])})
        assert "exists already" in core("export", trained.directory, target, code=2).stderr
    shutil.unpack_archive(folder / "bundle.zip", folder / "out")
    yield bundle, folder / "out"


def predict(
    folder: Path, *arguments: str | Path, interpreter: str = sys.executable, code: str = ""
) -> list[dict[str, Any]]:
    """What `python predict.py` prints, in a process that sees neither this project nor our variables."""
    start = ["-c", code] if code else []
    done = subprocess.run(
        [interpreter, "-I", *start, str(folder / "predict.py"), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": os.environ["PATH"]},
    )
    assert not done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == any("error" in line for line in lines)
    return lines


def test_it_holds_what_it_should_and_every_checksum_fits(made: tuple[Bundle, Path], trained: Run) -> None:
    bundle, folder = made
    assert set(bundle.files) == names_in(Path(bundle.path)) == {SUMS, *MEMBERS} - {"base.onnx"}
    check_files(folder)
    for name in ("model.onnx", "neighbours.npz"):
        assert (folder / name).read_bytes() == (trained.directory / name).read_bytes()
    done = subprocess.run(["sha256sum", "-c", SUMS], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_every_model_in_it_gave_the_apps_predictions(made: tuple[Bundle, Path]) -> None:
    bundle, folder = made
    assert bundle.missing == ""
    assert (
        " gives the same pixels as `predict.py` for 16 of 16 validation images." in (folder / "README.md").read_text()
    )
    assert bundle.images == 16 + len(list(awkward_images()))
    assert 0 <= bundle.difference <= 1e-4
    assert bundle.keras_difference is not None
    assert bundle.keras_difference <= 1e-4
    assert bundle.litert_difference is not None, bundle.litert_reason
    assert bundle.litert_difference <= 1e-4


def further_images() -> Iterator[tuple[str, bytes]]:
    """Kinds that the verification does not use itself."""
    for turned in range(1, 10):
        exif = Image.Exif()
        exif[0x0112] = turned
        yield f"turned {turned}.jpg", image_bytes(turned, (900, 500), exif=exif)
        yield f"turned {turned}.png", image_bytes(turned, (90, 50), format="PNG", exif=exif)
    yield "large.jpg", image_bytes(1, (1600, 1200))
    yield "progressive.jpg", image_bytes(2, (700, 300), progressive=True)
    yield "grey alpha.png", image_bytes(3, mode="LA", format="PNG")
    yield "clear colour.png", image_bytes(4, format="PNG", transparency=(10, 20, 30))
    yield "one bit.png", image_bytes(5, mode="1", format="PNG")
    yield "lossy.webp", image_bytes(6, (300, 200), format="WEBP")
    levels = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)
    yield "16 bit.tiff", encode(Image.fromarray(levels), "TIFF")
    yield "clear 16 bit.png", encode(Image.fromarray(levels), "PNG", transparency=int(levels[0, 1]))
    yield "32 bit.tiff", encode(Image.fromarray(levels.astype(np.int32) * 2), "TIFF")
    yield "float.tiff", encode(draw_image(mode="F"), "TIFF")
    yield "lab.tiff", encode(draw_image(mode="LAB"), "TIFF")
    yield "phone.jpg", image_bytes(7, (400, 300), format="MPO", save_all=True, append_images=[draw_image(8)])
    broken = Image.Exif()
    broken[0x0112] = 6
    yield "broken exif.jpg", image_bytes(9, exif=broken.tobytes()[:-3])
    yield "cut.jpg", image_bytes(10, (300, 300))[:-900]
    yield "empty.jpg", b""
    yield "icon.ico", image_bytes(11, (32, 32), format="ICO")
    yield "heavy.jpg", image_bytes(12) + bytes(MAX_BYTES)
    yield "200 megapixels.jpg", encode(Image.new("L", (16_000, 12_500)))
    yield "wide.png", encode(Image.new("1", (10_100, 10_000)), "PNG")


def test_predict_decodes_as_the_app_with_nothing_but_its_three_packages(
    made: tuple[Bundle, Path], trained: Run, tmp_path: Path
) -> None:
    images = {**dict(awkward_images()), **dict(further_images())}
    for name, content in images.items():
        (tmp_path / name).write_bytes(content)
    files = [*(tmp_path / name for name in images), tmp_path / "missing.jpg"]
    lines = predict(made[1], *files, code=GUARD)
    assert [line["path"] for line in lines] == [str(file) for file in files]
    classifier = Classifier.open(trained)
    limits, predictions = limits_of(trained, classifier.neighbours), list(classifier.classify_all(files))
    assert {line.get("unlike") for line in lines} == {True, False, None}
    refused = [
        file.name for file, prediction in zip(files, predictions, strict=True) if not isinstance(prediction, Prediction)
    ]
    assert [Path(line["path"]).name for line in lines if "error" in line] == refused
    assert {"cut.jpg", "empty.jpg", "float.tiff", "icon.ico", "missing.jpg", "no image.jpg"} <= set(refused)
    assert {"heavy.jpg", "wide.png"} <= set(refused)
    for line, prediction in zip(lines, predictions, strict=True):
        if isinstance(prediction, Prediction):
            assert set(line) == {"path", "label", "confidence", "distance", "unlike", "set"}
            assert line["distance"] == pytest.approx(prediction.distance, abs=1e-4)
            assert line["unlike"] is prediction.is_unlike(limits)
            near = abs(line["confidence"] - 0.5) < 1e-4 or limits.sets is None
            assert near or line["set"] == list(prediction.likely(limits) or ())
            assert line["confidence"] == pytest.approx(prediction.probabilities[line["label"]], abs=1e-4), line["path"]
            assert line["label"] == prediction.label or abs(prediction.confidence - 0.5) < 1e-4
        else:
            assert set(line) == {"path", "error"}
            assert line["error"]


def test_with_center_a_bundle_cuts_out_the_square_that_the_app_does(copy: Run, tmp_path: Path) -> None:
    """Decoded pixel by pixel, turned and reduced; and predicted as the crop in its labels.json has it."""
    write_json(copy.directory / "config.json", with_crop(read_json(copy.directory / "config.json"), "center"))
    run = load_run(copy.directory)
    write_bundle(run, tmp_path / "bundle", tmp_path / "scratch")
    images = {name: content for name, content in further_images() if name.startswith(("turned", "large", "phone"))}
    images |= {"rotated.tiff": dict(awkward_images())["rotated.tiff"], "wide.png": image_bytes(size=(301, 64))}
    files = [tmp_path / name for name in images]
    for file in files:
        file.write_bytes(images[file.name])
    code = "import numpy, predict, sys; target, *files = sys.argv[1:]; "
    code += "numpy.save(target, [predict.load_image(file, 48, 'center') for file in files])"
    # Without bytecode beside its script, which belongs to no bundle.
    command = [sys.executable, "-B", "-c", code, *map(str, (tmp_path / "squares.npy", *files))]
    subprocess.run(command, cwd=tmp_path / "bundle", check=True)
    for file, square in zip(files, np.load(tmp_path / "squares.npy"), strict=True):
        np.testing.assert_array_equal(square, load_image(file, 48, crop="center"), file.name)
    classifier = Classifier.open(run)
    for line in predict(tmp_path / "bundle", *files):
        expected = classifier.classify(Path(line["path"]))
        assert line["confidence"] == pytest.approx(expected.probabilities[line["label"]], abs=1e-4), line["path"]
        assert line["distance"] == pytest.approx(expected.distance, abs=1e-4)
    assert "the largest centred square is cut out" in (tmp_path / "bundle" / "README.md").read_text(encoding="utf-8")
    assert "CROP = 'center'" in (tmp_path / "bundle" / "notebook.ipynb").read_text(encoding="utf-8")
    write_zip(tmp_path / "bundle", tmp_path / "center.zip")
    assert import_bundle(tmp_path / "center.zip").config.crop == "center"


def with_crop(config: dict[str, Any], crop: Crop) -> dict[str, Any]:
    """A run's config.json with another crop."""
    return {**config, "settings": {**config["settings"], "crop": crop}}


def test_predict_sorts_a_folder_into_class_folders(
    made: tuple[Bundle, Path], trained: Run, drawn: Path, tmp_path: Path
) -> None:
    """With the model's threshold, from a folder that holds the target."""
    bundle = tmp_path / "bundle"
    shutil.copytree(made[1], bundle)
    about = json.loads((bundle / "labels.json").read_text())
    classifier = Classifier.open(trained)
    photos = tmp_path / "photos"
    shutil.copytree(drawn / "validation", photos)
    (photos / "notes.txt").write_text("no image")
    (photos / "link.jpg").symlink_to(next((drawn / "train" / "dogs").iterdir()))
    images = [file for file in sorted(photos.rglob("*.*")) if file.suffix != ".txt" and not file.is_symlink()]
    confidences = sorted(classifier.classify(image).confidence for image in images)
    about["threshold"] = (confidences[3] + confidences[4]) / 2
    assert classifier.neighbours is not None
    about["unlike"]["cut"] = float(np.sort(classifier.neighbours.validation)[-4])  # three are beyond it
    (bundle / "labels.json").write_text(json.dumps(about))
    for _ in range(2):  # the copies of the first time are not classified the second time
        lines = predict(bundle, photos, "--sort-into", photos / "sorted")
        assert len(lines) == len(images) + 1
        assert sum("error" in line for line in lines) == 1
        for line in lines:
            if "error" not in line:
                assert Path(line["copy"]).read_bytes() == Path(line["path"]).read_bytes()
                assert Path(line["copy"]).parent.name == (
                    "unlike" if line["unlike"] else "unsure" if line.get("unsure") else line["label"]
                )
        assert sum(line.get("unsure", False) for line in lines) == 4
        assert sum(line.get("unlike", False) for line in lines) == 3
    assert len(list((photos / "sorted").rglob("*.*"))) == 2 * len(images)


def test_predict_makes_safe_folders_of_hostile_classes() -> None:
    hostile = [
        "../up",
        "unsure",
        "UNLIKE",
        "CON",
        "",
        "..",
        "a/b",
        "a?b",
        "A_B",
        "\0nul",
        ".hidden",
        "x" * 300,
        "Unsure ",
    ]
    code = f"import predict, json; print(json.dumps(predict.class_folders({hostile!r})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PREDICT.parent, capture_output=True, text=True, timeout=60)
    folders = json.loads(done.stdout)
    names = [folders[label] for label in hostile]
    assert len({name.casefold() for name in [*names, "unsure", "unlike"]}) == len(hostile) + 2
    for name in names:
        assert name == Path(name).name
        assert file_name(name) == name


def test_predict_explains_itself() -> None:
    done = subprocess.run([sys.executable, PREDICT, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "--sort-into" in done.stdout


def test_predict_runs_in_a_fresh_environment(
    made: tuple[Bundle, Path], trained: Run, drawn: Path, tmp_path: Path
) -> None:
    folder = made[1]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True, timeout=120)
    python = tmp_path / "venv" / "bin" / "python"
    # Our pip, and nothing compiled that predict.py does not need: half the time.
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-compile", "--quiet"]
    pip += ["--disable-pip-version-check", "--timeout=10", "--retries=1", "-r", str(folder / "requirements.txt")]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=150)
    if done.returncode != 0:
        why = f"no package index can be reached: {done.stderr.strip().splitlines()[-1:]}"
        if os.environ.get("CI"):
            pytest.fail(f"{why}, and CI skips nothing")
        pytest.skip(why)
    image = next((drawn / "validation" / "dogs").iterdir())
    (line,) = predict(folder, image, interpreter=str(python))
    prediction = Classifier.open(trained).classify(image)
    assert line == {
        "path": str(image),
        "label": prediction.label,
        "confidence": pytest.approx(prediction.confidence, abs=1e-4),
        "distance": pytest.approx(prediction.distance, abs=1e-4),
        "unlike": False,
        "set": list(prediction.likely(limits_of(trained, None)) or ()),
    }


def test_the_card_says_what_was_found(made: tuple[Bundle, Path], trained: Run) -> None:
    bundle, folder = made
    card = (folder / "README.md").read_text(encoding="utf-8")
    summary = trained.summary()
    low, high = wilson_interval(round(summary["val_accuracy"] * 16), 16)
    assert f"**{summary['val_accuracy']:.1%}** (95% CI {100 * low:.1f}–{high:.1%}) on 16" in card
    assert bundle.keras_difference is not None
    assert bundle.litert_difference is not None
    for difference in (bundle.keras_difference, bundle.litert_difference):
        assert f"**{difference:.1e}**" in card
    (stated,) = re.findall(r"and the app's: \*\*(\S+)\*\*", card)
    assert float(stated) == pytest.approx(bundle.difference, abs=1e-6)
    assert summary["weights"]["file_sha256"] in card
    assert summary["fingerprint"] in card
    assert f"| learning_rate | {trained.config.learning_rate} |" in card


def test_nothing_in_it_says_where_on_this_machine_it_was_made(
    made: tuple[Bundle, Path], trained: Run, drawn: Path
) -> None:
    secrets = [
        str(trained.directory.parent),
        str(drawn),
        str(Path.home()),
        *(path.name for path in drawn.rglob("*.jpg")),
    ]
    for path in made[1].iterdir():
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], path.name


def test_data_json_finds_every_image_and_no_other(made: tuple[Bundle, Path], drawn: Path) -> None:
    listed = json.loads((made[1] / "data.json").read_text(encoding="utf-8"))
    flat = [(s, label, digest) for s, labels in listed.items() for label, all_ in labels.items() for digest in all_]
    records = open_dataset(drawn).usable()
    assert sorted(flat) == sorted((record.split, record.label, record.digest[:DIGEST]) for record in records)


def test_the_notebook_trains_to_a_score_within_the_runs_interval(
    made: tuple[Bundle, Path], trained: Run, drawn: Path, tmp_path: Path
) -> None:
    result = run_notebook(made[1], tmp_path, f"DATA = {str(drawn)!r}")
    low, high = wilson_interval(round(trained.summary()["val_accuracy"] * 16), 16)
    assert (result["low"], result["high"]) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
    assert result["missing"] == 0
    assert low <= result["accuracy"] <= high


@pytest.fixture
def copy(trained: Run, tmp_path: Path) -> Run:
    """The finished run where a test may change it."""
    folder = tmp_path / "copied-run"
    shutil.copytree(trained.directory, folder)
    return load_run(folder)


def lose_onnx(run: Run) -> None:
    (run.directory / "model.onnx").unlink()


def lose_keras(run: Run) -> None:
    (run.directory / "model.keras").unlink()


def lose_summary(run: Run) -> None:
    (run.directory / "run.json").unlink()


def break_summary(run: Run) -> None:
    path = run.directory / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "weights": {}}))


@pytest.mark.parametrize("damage", [lose_onnx, lose_keras, lose_summary, break_summary])
def test_a_damaged_run_gives_no_bundle(copy: Run, tmp_path: Path, damage: Callable[[Run], None]) -> None:
    damage(copy)
    with pytest.raises(InputError):
        make_bundle(copy, tmp_path / "out.zip")
    assert not list(tmp_path.glob("*.zip")) + list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("line", "instead", "reason"),
    [
        ("TURNS[turned]", "TURNS[2]", "differs by"),
        ('image.draft("RGB", (4 * size, 4 * size))', "None", "differs by"),
        ("scale = width / reduced[1][2] if reduced else 1", "scale = width / image.width", "differs by"),
        ('Image.new("RGB", layer.size, "white")', 'Image.new("RGB", layer.size)', "differs by"),
        ('prediction["unsure"]', 'prediction["unsure', r"gave 0 predictions"),
        ("except Exception as error:", "except KeyError as error:", r"gave \d+ predictions"),
    ],
)
def test_a_predict_py_that_decodes_otherwise_is_not_let_through(
    copy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, instead: str, reason: str
) -> None:
    source = PREDICT.read_text(encoding="utf-8")
    assert source.count(line) == 1
    (tmp_path / "predict.py").write_text(source.replace(line, instead), encoding="utf-8")
    monkeypatch.setattr("core.export.bundle.PREDICT", tmp_path / "predict.py")
    with pytest.raises(ExportError, match=reason):
        make_bundle(copy, tmp_path / "out.zip", litert=False)
    assert not list(tmp_path.glob("*.zip")) + list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("rows", "difference"),
    [
        ([[0.25], [1.0]], 0.0),
        ([[0.25], [0.75]], 0.25),
        ([[0.25], [np.nan]], np.inf),
        ([[0.25]], np.inf),
        ([[0.2, 0.3, 0.5], [0, 0, 1]], np.inf),
    ],
)
def test_predictions_of_another_form_or_none_are_infinitely_far(
    tmp_path: Path, rows: list[list[float]], difference: float
) -> None:
    np.save(tmp_path / "rows.npy", np.array(rows, np.float32))
    assert difference_to(tmp_path / "rows.npy", np.array([[0.75, 0.25], [0.0, 1.0]])) == difference


def test_a_stop_leaves_nothing_behind(copy: Run, tmp_path: Path) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if phase == "tensorflow":
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        make_bundle(copy, tmp_path / "out.zip", stop)
    assert not list(tmp_path.glob("*.zip")) + list(tmp_path.glob(".*"))


def test_the_card_says_what_the_cut_rejects_and_its_limits(made: tuple[Bundle, Path], trained: Run) -> None:
    card = (made[1] / "README.md").read_text(encoding="utf-8")
    neighbours = Classifier.open(trained).neighbours
    assert neighbours is not None
    cut = neighbours.cut(0.01)
    rejected = int((neighbours.validation > cut).sum())
    assert f"Beyond a distance of {cut:.3f}" in card
    assert f"it calls {rejected / 16:.1%} so (95% CI" in card
    assert "too few to know" in card and "0.67" in card and "118 breeds" in card


def test_a_threshold_makes_unsure_predictions(copy: Run, tmp_path: Path, drawn: Path) -> None:
    THRESHOLD.keep(copy, 0.999)
    write_bundle(copy, tmp_path / "bundle", tmp_path / "scratch")
    files = sorted((drawn / "validation").rglob("*.jpg"))
    lines = predict(tmp_path / "bundle", *files)
    assert [line.get("unsure", False) for line in lines] == [line["confidence"] < 0.999 for line in lines]
    assert any(line.get("unsure") for line in lines)
    assert "Confidence threshold: **0.999**" in (tmp_path / "bundle" / "README.md").read_text(encoding="utf-8")


def test_without_its_data_a_run_is_verified_on_drawings_and_says_so(copy: Run, tmp_path: Path) -> None:
    config = copy.directory / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "source": "/gone/away"}))
    write_bundle(load_run(copy.directory), tmp_path / "bundle", tmp_path / "scratch")
    assert len(list((tmp_path / "scratch").glob("drawn*"))) == 16
    card = (tmp_path / "bundle" / "README.md").read_text(encoding="utf-8")
    assert "drawn images" in card
    assert "were not available" in card
    assert "/gone" not in card  # a folder of whoever exports, perhaps with a name
    assert not (tmp_path / "bundle" / "data.json").exists()
    assert set(REQUIRED) <= {path.name for path in (tmp_path / "bundle").iterdir()}


def test_predict_without_a_image_says_how_to_call_it(copy: Run, tmp_path: Path) -> None:
    write_bundle(copy, tmp_path / "bundle", tmp_path / "scratch")
    done = subprocess.run(
        [sys.executable, tmp_path / "bundle" / "predict.py"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage: predict.py")
    assert "required: IMAGE" in done.stderr
