"""Thumbnails: upright, small, kept under their content, and never of something that the file no longer is."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.datasets import Dataset, open_dataset, thumbnails
from core.datasets.records import ImageRecord
from core.datasets.thumbnails import CHANGED, GONE, LARGEST, LONGEST, enlarged, prune
from core.images.decode import decode_image
from core.storage.home import home
from tests.drawing import draw_image, encode, image_bytes, write_images


@pytest.fixture
def pets(tmp_path: Path) -> Dataset:
    return open_dataset(write_images(tmp_path / "pets", {"cats": 6, "dogs": 6}, size=(400, 300)))


def kept() -> list[Path]:
    return sorted((home() / "cache" / "thumbnails").rglob("*.jpg"))


def shown(dataset: Dataset) -> list[bytes]:
    return [one.content for one in thumbnails.thumbnails(dataset, dataset.records)]


def test_they_come_in_order_small_and_with_the_right_pixels(pets: Dataset) -> None:
    for record, content in zip(pets.records, shown(pets), strict=True):
        image = decode_image(content)
        assert max(image.shape[:2]) == LONGEST
        expected = decode_image(pets.file(record), LONGEST)
        assert np.abs(image.astype(int) - expected).mean() < 3


def test_they_are_upright(tmp_path: Path) -> None:
    exif = draw_image().getexif()
    exif[0x0112] = 6
    folder = write_images(tmp_path / "pets", {"cats": 3, "dogs": 3})
    (folder / "cats" / "0.jpg").write_bytes(encode(draw_image(1, (400, 300)), exif=exif))
    dataset = open_dataset(folder)
    upright = decode_image(shown(dataset)[0])
    assert upright.shape[:2] == (LONGEST, round(LONGEST * 3 / 4))
    stored = np.asarray(draw_image(1, (400, 300)))
    assert np.abs(upright[2, 2].astype(int) - stored[-4, 4]).max() < 30


def test_a_second_look_decodes_nothing(pets: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shown(pets)

    def refuse(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(thumbnails, "decode_image", refuse)
    assert shown(pets) == first


def test_two_files_with_one_content_share_a_thumbnail(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "pets", {"cats": 3, "dogs": 3})
    (folder / "cats" / "copy.jpg").write_bytes((folder / "cats" / "0.jpg").read_bytes())
    shown(open_dataset(folder))
    assert len(kept()) == 6


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda file: file.unlink(), GONE),
        (lambda file: file.write_bytes(b"no image"), CHANGED),
        (lambda file: file.write_bytes(b"\0" * file.stat().st_size), CHANGED),  # the size stays
        (lambda file: file.write_bytes(image_bytes(99, (500, 300))), CHANGED),
    ],
)
def test_a_file_that_vanished_or_changed_is_told(
    pets: Dataset, harm: Callable[[Path], object], reason: str, warm: bool
) -> None:
    if warm:
        shown(pets)
    file = pets.file(pets.records[0])
    harm(file)
    if file.exists():
        later = file.stat().st_mtime_ns + 10_000_000  # file systems count in steps of a few milliseconds
        os.utime(file, ns=(later, later))
    first, *others = thumbnails.thumbnails(pets, pets.records)
    assert (first.content, first.reason) == (b"", reason)
    assert all(one.content for one in others)
    assert enlarged(pets, pets.records[0]).reason == reason


def test_what_never_decoded_keeps_the_reason_of_the_scan(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "pets", {"cats": 3, "dogs": 3})
    (folder / "cats" / "bad.jpg").write_bytes(b"no image")
    dataset = open_dataset(folder)
    (bad,) = dataset.unreadable()
    assert thumbnails.thumbnails(dataset, [bad])[0].reason == bad.reason == enlarged(dataset, bad).reason


@pytest.mark.parametrize("harm", [b"", b"\xff\xd8\xff", b"<script>"])
def test_a_broken_thumbnail_is_made_again(pets: Dataset, harm: bytes) -> None:
    first = shown(pets)
    stamp = kept()[0].stat()
    kept()[0].write_bytes(harm)
    os.utime(kept()[0], ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert shown(pets) == first


def test_a_cache_that_cannot_be_written_costs_no_image(pets: Dataset, pawlab_home: Path) -> None:
    (pawlab_home / "cache" / "thumbnails").mkdir(parents=True)
    for number in range(256):
        (pawlab_home / "cache" / "thumbnails" / f"{number:02x}").write_bytes(b"a file where a folder should be")
    assert all(shown(pets))


def test_pruning_removes_what_was_not_used_for_longest_and_no_more(tmp_path: Path) -> None:
    for number in range(10):
        file = tmp_path / f"{number}.jpg"
        file.write_bytes(b"x" * 100)
        os.utime(file, ns=(number, 10 - number))
    prune(tmp_path, 1000)
    assert len(list(tmp_path.iterdir())) == 10
    prune(tmp_path, 999)
    assert sorted(file.stem for file in tmp_path.iterdir()) == [str(number) for number in range(3, 10)]


def test_the_cache_stays_below_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "LIMIT", 256 * 1500)
    folder = write_images(tmp_path / "pets", {"cats": 30, "dogs": 30})
    dataset = open_dataset(folder)
    same = [  # one shard, each write of which looks after it
        ImageRecord(record.path, "train", "cats", "ab0" + record.digest[3:], record.bytes) for record in dataset.records
    ]
    monkeypatch.setattr(thumbnails, "_rendered", lambda *_: thumbnails.Rendered(b"\xff\xd8" + b"x" * 300 + b"\xff\xd9"))
    thumbnails.thumbnails(dataset, same)
    assert 0 < sum(file.stat().st_size for file in kept()) <= 1500


def test_the_large_view_is_never_enlarged_and_never_huge(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "pets", {"cats": 3, "dogs": 3})
    (folder / "cats" / "wide.jpg").write_bytes(image_bytes(1, (3000, 600)))
    dataset = open_dataset(folder)
    sizes = {decode_image(enlarged(dataset, record).content).shape[:2] for record in dataset.records}
    assert sizes == {(48, 64), (320, LARGEST)}
