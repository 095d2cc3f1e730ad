"""Many images: each row is its image's, memory and order hold, and the table is the command line's."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled, InputError
from core.images.decode import decode_image, load_image, load_views
from core.inference.batch import FEW, LARGE, PROBLEM, SMALL, UNLIKE, UNSURE, Batch, Row, classify_images, view_of
from core.inference.classifier import Classifier, Prediction
from core.inference.given import InputImage, Upload, from_address, from_uploads
from core.jobs.progress import silent
from core.runs.limits import Limits
from core.runs.run import Run
from tests.drawing import image_bytes, make_zip


@pytest.fixture(scope="module")
def classifier(trained: Run) -> Classifier:
    return Classifier.open(trained)


def some(number: int) -> list[InputImage]:
    return [InputImage(str(seed), f"{seed}.jpg", image_bytes(seed)) for seed in range(number)]


@pytest.mark.parametrize("number", [FEW, 3 * FEW + 1])
def test_each_row_has_its_own_images_prediction_and_bad_ones_a_reason(classifier: Classifier, number: int) -> None:
    images = some(number)
    images[2] = InputImage("bad", "bad.jpg", b"no image")
    batch = classify_images(images, classifier)
    assert [row.image for row in batch.rows] == images
    for row in batch.rows:
        if row.image.id == "bad":
            assert row.prediction is None
            assert "not an image" in row.reason
        else:
            assert row.prediction is not None
            assert isinstance(row.image.source, bytes)
            expected = classifier.classify(row.image.source)
            assert row.prediction.probabilities == pytest.approx(expected.probabilities, abs=1e-5)


def test_what_is_known_is_not_classified_again(classifier: Classifier) -> None:
    known = {"0": Row(some(1)[0], Prediction({"cats": 2.0, "dogs": 0.0}))}
    batch = classify_images(some(3), classifier, known=known)
    assert batch.rows[0] is known["0"]
    assert batch.rows[1].prediction is not None


def test_it_can_be_stopped(classifier: Classifier) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if done >= 4:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        classify_images(some(100), classifier, stop)


@pytest.mark.parametrize(
    ("size", "format"), [((4000, 3000), "JPEG"), ((300, 900), "JPEG"), ((700, 500), "PNG"), ((1, 1), "PNG")]
)
def test_one_decode_gives_what_two_would(size: tuple[int, int], format: str) -> None:
    content = image_bytes(size=size, format=format)
    square, view = load_views(content, 96, LARGE)
    assert (square == load_image(content, 96)).all()
    assert (load_views(content, 96, LARGE, crop="center")[0] == load_image(content, 96, crop="center")).all()
    expected = decode_image(content, LARGE)
    assert np.abs(np.subtract(view.shape, expected.shape)).max() <= 1
    if view.shape == expected.shape:
        assert np.abs(view.astype(int) - expected).mean() < 3


def test_a_large_view_is_made_where_only_a_small_one_is_kept(classifier: Classifier) -> None:
    images = [InputImage(str(seed), "a.jpg", image_bytes(seed, (600, 400))) for seed in range(FEW + 1)]
    row = classify_images(images, classifier).rows[0]
    assert max(decode_image(view_of(row, SMALL)).shape) == SMALL
    assert max(decode_image(view_of(row, LARGE)).shape) == LARGE


def batch_of(*confidences: float | None) -> Batch:
    rows = [
        Row(
            InputImage(str(at), f"{9 - at}.jpg", b""),
            None if value is None else Prediction({"a": value, "b": 1 - value}),
        )
        for at, value in enumerate(confidences)
    ]
    return Batch(("a", "b"), tuple(rows), 1.0)


def test_counts_filters_and_orders() -> None:
    batch = batch_of(0.9, None, 0.3, 0.6)
    limits = Limits(threshold=0.65)
    assert batch.counts(limits) == {"a": 1, "b": 1, UNLIKE: 0, UNSURE: 1, PROBLEM: 1}
    assert batch.chosen(limits, UNSURE) == [3]
    assert batch.chosen(limits, "b") == [2]
    assert batch.chosen(Limits(), order="least") == [3, 2, 0, 1]
    assert batch.chosen(Limits(), order="most") == [0, 2, 3, 1]
    assert batch.chosen(Limits(), order="name") == [3, 2, 1, 0]


def test_beyond_the_cut_an_image_is_unlike_however_confident_the_model_is() -> None:
    limits = Limits(threshold=0.65, cut=0.25)
    images = [({"a": 1.0, "b": 0.0}, 0.2501), ({"a": 1.0, "b": 0.0}, 0.25), ({"a": 0.5, "b": 0.5}, 0.3)]
    rows = [Row(image, Prediction(*values)) for image, values in zip(some(3), images, strict=True)]
    batch = Batch(("a", "b"), tuple(rows), 1.0)
    assert [row.outcome(limits) for row in rows] == [UNLIKE, "a", UNLIKE]
    assert batch.counts(limits) == {"a": 1, "b": 0, UNLIKE: 2, UNSURE: 0, PROBLEM: 0}
    assert [row["unlike"] for row in csv.DictReader(io.StringIO(batch.csv(limits).decode()))] == [
        "true",
        "false",
        "true",
    ]


def test_the_table_holds_probabilities_that_read_back_exactly() -> None:
    rows = list(csv.reader(io.StringIO(batch_of(0.1 + 0.2, None).csv(Limits()).decode(), newline="")))
    assert rows[0] == ["path", "label", "confidence", "error", "distance", "unlike", "set", "a", "b"]
    assert rows[1][0] == "9.jpg"
    assert rows[1][4:7] == ["", "", ""]
    assert float(rows[1][7]) == 0.1 + 0.2
    assert rows[2][1:] == [""] * 8


def test_a_zip_among_images_is_unpacked_once_and_a_bad_one_is_a_row(tmp_path: Path) -> None:
    good = make_zip({"deep/b.png": b"1", "a.png": b"2", "__MACOSX/x": b""})
    uploads = [Upload("p", "x.jpg", b"3"), Upload("z", "good.zip", good), Upload("e", "evil.zip", b"PK\x03\x04 no")]
    uploads.append(Upload("n", "no.zip", b"no zip at all"))
    given = from_uploads([*uploads, Upload("t", "folder/Thumbs.db", b"4")])
    images = given.open(silent)
    assert [image.path for image in images] == ["x.jpg", "good.zip/a.png", "good.zip/deep/b.png", "evil.zip", "no.zip"]
    assert [image.read() for image in images[:3]] == [b"3", b"2", b"1"]
    assert all("zip is broken" in image.problem for image in images[3:])
    assert given.open(silent) is images


def test_an_address_of_this_machine_is_refused_and_its_key_tells_no_secret() -> None:
    given = from_address("http://127.0.0.1:8000/a.png?token=secret")
    assert "secret" not in given.key
    with pytest.raises(InputError):
        given.open(silent)


def test_zips_that_hold_too_many_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.inference.given.MAX_IMAGES", 3)
    zips = [make_zip({f"{seed}.jpg": image_bytes(seed) for seed in (at, at + 1)}) for at in (0, 2)]
    given = from_uploads([Upload(str(at), f"{at}.zip", content) for at, content in enumerate(zips)])
    with pytest.raises(InputError, match="Received 4 images"):
        given.open(silent)
