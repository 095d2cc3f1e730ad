import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets.quality import near_duplicates as near
from core.datasets.quality.near_duplicates import look_alikes, near_duplicates
from core.datasets.records import Dataset, ImageRecord
from core.errors import Cancelled
from core.storage.home import home
from tests.datasets.look_alike_files import drawing, make_dataset, write_images
from tests.drawing import draw_image

OTHERS = {f"train/cats/other{number}.jpg": drawing(number) for number in range(20, 50)}


def crop(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop((round(left * width), round(top * height), round(width - right * width),
                         round(height - bottom * height)))  # fmt: skip


def scaled(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)


def mirrored(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "re-encoded": lambda image: image,
    "a third of the size": lambda image: scaled(image, 0.3),
    "twice the size": lambda image: scaled(image, 2),
    "cropped all around": lambda image: crop(image, 0.09, 0.09, 0.09, 0.09),
    "cropped at a corner": lambda image: crop(image, 0.08, 0.06, 0, 0),
    "cropped at one side": lambda image: crop(image, 0, 0, 0.1, 0),
    "mirrored": mirrored,
    "darker": lambda image: image.point(lambda level: int(level * 0.8)),
    "paler": lambda image: image.point(lambda level: int(level * 0.75 + 50)),
    "cropped, mirrored and smaller": lambda image: scaled(mirrored(crop(image, 0.05, 0.02, 0.08, 0.07)), 0.5),
    "squeezed to a square": lambda image: image.resize((160, 160), Image.Resampling.BOX),
}


def paths(groups: list[list[ImageRecord]]) -> list[list[str]]:
    return [[record.path for record in members] for members in groups]


@pytest.mark.parametrize("quality", [30, 95])
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_among_others(tmp_path: Path, change: str, quality: int) -> None:
    originals = {f"train/dogs/{number}.png": drawing(number) for number in range(3)}
    copies = {f"validation/dogs/{number}.jpg": CHANGES[change](drawing(number)) for number in range(3)}
    one = write_images(tmp_path, {**originals, **dict(list(OTHERS.items())[:6])})
    two = write_images(tmp_path, copies, quality)
    groups = near_duplicates(make_dataset(tmp_path, [*one.records, *two.records]))
    assert paths(groups) == [[f"train/dogs/{number}.png", f"validation/dogs/{number}.jpg"] for number in range(3)]


def test_drawings_of_the_same_kinds_of_scene_are_not_near(tmp_path: Path) -> None:
    dataset = write_images(tmp_path, {f"train/cats/{number}.jpg": drawing(number) for number in range(100, 260)})
    assert near_duplicates(dataset) == []


def test_flat_images_are_not_near(tmp_path: Path) -> None:
    whites = {f"train/cats/{side}.png": Image.new("RGB", (side, 80), "white") for side in range(60, 80)}
    gradients = {f"train/dogs/{seed}.png": draw_image(seed, (80, 60)) for seed in range(30)}
    assert near_duplicates(write_images(tmp_path, {**whites, **gradients})) == []


def test_files_with_the_same_bytes_are_one_image(tmp_path: Path) -> None:
    image = drawing(0)
    images = {"train/cats/b.jpg": image, "train/cats/a.jpg": image, "train/dogs/c.jpg": mirrored(image)}
    assert paths(near_duplicates(write_images(tmp_path, images))) == [["train/cats/a.jpg", "train/dogs/c.jpg"]]
    only_copies = write_images(tmp_path, dict.fromkeys(("train/cats/b.jpg", "train/cats/a.jpg"), image))
    assert near_duplicates(only_copies) == []


def test_excluded_images_take_part_and_unreadable_ones_do_not(planted: Dataset) -> None:
    excluded = [replace(record, excluded=True) for record in planted.records]
    assert near_duplicates(make_dataset(planted.root, excluded))
    unreadable = [replace(record, reason="damaged", signature=b"") for record in planted.records]
    assert near_duplicates(make_dataset(planted.root, unreadable)) == []


def test_a_file_that_is_gone_is_no_copy(planted: Dataset) -> None:
    (planted.root / "train/cats/a.jpg").unlink()
    assert near_duplicates(planted) == []


def test_an_empty_dataset_has_no_groups(tmp_path: Path) -> None:
    assert near_duplicates(make_dataset(tmp_path, [])) == []


@pytest.fixture
def planted(tmp_path: Path) -> Dataset:
    """One pair, a.jpg and b.jpg, among others."""
    pair = {"train/cats/a.jpg": drawing(0), "validation/cats/b.jpg": mirrored(drawing(0))}
    return write_images(tmp_path, {**pair, **dict(list(OTHERS.items())[:8])})


def memory() -> Path:
    (file,) = (home() / "cache" / "near").iterdir()
    return file


def test_what_was_found_is_remembered(planted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    found = near_duplicates(planted)
    assert len(found) == 1
    monkeypatch.setattr(near, "find_candidates", lambda *_: pytest.fail("searched again"))
    assert near_duplicates(planted) == found
    renamed = [replace(record, path=record.path.replace("a.jpg", "z.jpg")) for record in planted.records]
    assert paths(near_duplicates(make_dataset(planted.root, renamed))) == [
        ["train/cats/z.jpg", "validation/cats/b.jpg"]
    ]


def test_other_images_are_searched_anew(planted: Dataset) -> None:
    near_duplicates(planted)
    fewer = [record for record in planted.records if not record.path.endswith("b.jpg")]
    assert near_duplicates(make_dataset(planted.root, fewer)) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"{", b"null", b'{"a": 1}', b"[1]", b'["ab"]', b'[["x", "y"]]', b"[[1, 2]]", b"[[{}, {}]]",
     b"[" * 100_000, "one", "repeated", "single"],
)  # fmt: skip
def test_a_forged_memory_is_passed_over(planted: Dataset, content: bytes | str) -> None:
    found = near_duplicates(planted)
    digests = [record.digest for record in planted.records]
    forged = {"one": [[digests[0], "0" * 64]], "repeated": [digests[:2], digests[1:3]], "single": [digests[:1]]}
    memory().write_bytes(content if isinstance(content, bytes) else json.dumps(forged[content]).encode())
    assert near_duplicates(planted) == found


@pytest.mark.parametrize("phase", ["compare", "verify"])
def test_a_cancelled_search_stops_and_remembers_nothing(planted: Dataset, phase: str) -> None:
    def progress(name: str, done: int, total: int) -> None:
        assert done <= total
        if name == phase:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        near_duplicates(planted, progress)
    assert not list((home() / "cache" / "near").iterdir())
    assert len(near_duplicates(planted)) == 1


def test_progress_ends_complete(planted: Dataset) -> None:
    last: dict[str, tuple[int, int]] = {}
    near_duplicates(planted, lambda phase, done, total: last.update({phase: (done, total)}))
    assert list(last) == ["compare", "verify"]
    assert last["compare"] == (10, 10)
    assert last["verify"][0] == last["verify"][1] > 0


def test_the_nearest_look_alike_is_the_mirrored_copy(planted: Dataset) -> None:
    record = next(one for one in planted.records if one.path.endswith("a.jpg"))
    found = look_alikes(planted, record, 4)
    assert len(found) == 4
    assert found[0][0].path == "validation/cats/b.jpg"
    assert found[0][1] > 0.97
    values = [value for _, value in found]
    assert values == sorted(values, reverse=True)
    assert all(-1 <= value <= 1 and np.isfinite(value) for value in values)
    assert record.path not in [one.path for one, _ in found]


def test_nothing_resembles_what_does_not_decode(planted: Dataset) -> None:
    broken = replace(planted.records[0], reason="damaged", signature=b"")
    assert look_alikes(make_dataset(planted.root, [broken, *planted.records[1:]]), broken) == []
    assert look_alikes(make_dataset(planted.root, [planted.records[0]]), planted.records[0]) == []
