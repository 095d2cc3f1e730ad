"""The drawn sample: labelled as drawn, the same for a seed, whole or not there, and not to be told apart by colour."""

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from core.datasets.sample import sample
from core.datasets.sample.faces import Species
from core.datasets.sample.sample import DESCRIPTION, sample_folder, write_sample
from core.errors import Cancelled, ConfigError, DatasetError
from core.jobs.progress import Progress
from core.storage.home import subfolder


def contents(folder: Path) -> dict[str, bytes]:
    """{relative path: bytes} of every file below `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample of 60 + 20 images a class, seed 0: read only."""
    folder = tmp_path_factory.mktemp("drawn") / "sample"
    write_sample(folder, train=60, validation=20)
    return folder


@pytest.fixture
def small_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Makes `sample_folder` draw 2 + 1 images a class below `tmp_path`; lists the seeds of the draws that began."""
    draws: list[int] = []

    def write_small(folder: Path, *, seed: int = 0, **options: Progress) -> None:
        draws.append(seed)
        write_sample(folder, train=2, validation=1, seed=seed, **options)

    monkeypatch.setenv("PAWLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sample, "write_sample", write_small)
    return draws


def test_layout_is_the_notebooks(tmp_path: Path) -> None:
    write_sample(tmp_path / "new" / "sample", train=2, validation=1)
    assert list(contents(tmp_path / "new" / "sample")) == [
        "README.txt",
        "train/cats/cat.0001.jpg",
        "train/cats/cat.0002.jpg",
        "train/dogs/dog.0001.jpg",
        "train/dogs/dog.0002.jpg",
        "validation/cats/cat.0001.jpg",
        "validation/dogs/dog.0001.jpg",
    ]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    write_sample(tmp_path / "a", train=5, validation=2, seed=3)
    write_sample(tmp_path / "b", train=5, validation=2, seed=3)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_another_seed_changes_every_file(tmp_path: Path) -> None:
    write_sample(tmp_path / "a", train=3, validation=2, seed=3)
    write_sample(tmp_path / "b", train=3, validation=2, seed=4)
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert a.keys() == b.keys()
    assert [name for name in a if a[name] == b[name]] == []


def test_a_image_does_not_depend_on_how_many_are_drawn(tmp_path: Path, drawn: Path) -> None:
    write_sample(tmp_path / "few", train=3, validation=1)
    many = contents(drawn)
    for name, content in contents(tmp_path / "few").items():
        assert name == "README.txt" or content == many[name]


def test_every_image_decodes_and_differs_in_pixels(drawn: Path) -> None:
    seen = set()
    for path in drawn.rglob("*.jpg"):
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
            assert 200 <= image.width <= 320
            assert 190 <= image.height <= 260
            seen.add(image.tobytes())
    assert len(seen) == 2 * (60 + 20)


def test_every_file_says_that_it_is_drawn(drawn: Path) -> None:
    for path in drawn.rglob("*.jpg"):
        with Image.open(path) as image:
            assert image.getexif()[ExifTags.Base.ImageDescription] == DESCRIPTION
            assert image.info["comment"] == DESCRIPTION.encode()


def test_readme_says_drawings_not_photos_and_the_seed(tmp_path: Path) -> None:
    write_sample(tmp_path / "s", train=1, validation=1, seed=77)
    readme = (tmp_path / "s" / "README.txt").read_text(encoding="utf-8")
    assert "drawings, not photos" in readme
    assert "Pawlab" in readme
    assert "seed 77" in readme


def mean_colours(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of R, G and B, float (images, 6), and whether each is a dog, bool (images,)."""
    rows, dogs = [], []
    for path in sorted(folder.rglob("*.jpg")):
        with Image.open(path) as image:
            pixels = np.asarray(image, dtype=float)
        rows.append(np.concatenate([pixels.mean((0, 1)), pixels.std((0, 1))]))
        dogs.append(path.name.startswith("dog"))
    return np.array(rows), np.array(dogs)


def test_colour_alone_does_not_tell_the_classes_apart(drawn: Path) -> None:
    """Least squares on the mean and spread of each channel; 160 guesses have a standard error of 0.04."""
    x, dog = mean_colours(drawn)
    x = np.c_[(x - x.mean(0)) / x.std(0), np.ones(len(x))]
    folds = np.arange(len(x)) % 8
    right = []
    for fold in range(8):
        weights = np.linalg.lstsq(x[folds != fold], dog[folds != fold] * 2.0 - 1, rcond=None)[0]
        right.append((x[folds == fold] @ weights > 0) == dog[folds == fold])
    assert np.mean(np.concatenate(right)) < 0.66


def test_colour_check_would_notice_a_giveaway(drawn: Path) -> None:
    """The oracle of the test above is not blind: the same mean colour separates images that were tinted by class."""
    x, dog = mean_colours(drawn)
    x[:, 0] += np.where(dog, 80, 0)
    middle = np.array([x[~dog].mean(0), x[dog].mean(0)])
    nearest = np.linalg.norm(x[:, None] - middle, axis=2).argmin(1)
    assert np.mean(nearest == dog) > 0.75


def test_a_folder_with_anything_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="not an empty folder"):
        write_sample(tmp_path, train=1, validation=1)
    assert contents(tmp_path) == {"notes.txt": b"mine"}


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sample").write_text("mine")
    with pytest.raises(DatasetError, match="not an empty folder"):
        write_sample(tmp_path / "sample", train=1, validation=1)


@pytest.mark.parametrize(("train", "validation", "seed"), [(0, 1, 0), (1, 0, 0), (10_000, 1, 0), (1, 1, -1)])
def test_counts_and_seed_out_of_range_are_refused_before_anything_is_made(
    tmp_path: Path, train: int, validation: int, seed: int
) -> None:
    with pytest.raises(ConfigError, match="Expected a whole number"):
        write_sample(tmp_path / "s", train=train, validation=validation, seed=seed)
    assert not (tmp_path / "s").exists()


def test_progress_counts_every_image_once(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    write_sample(tmp_path / "s", train=2, validation=1, progress=lambda *call: calls.append(call))
    assert calls == [("draw", done, 6) for done in range(1, 7)]


def stop_after_two(phase: str, done: int, total: int) -> None:
    if done == 2:
        raise Cancelled("Stopped")


def test_a_cancelled_sample_leaves_the_folder_empty(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        write_sample(tmp_path / "s", train=20, validation=2, progress=stop_after_two)
    assert list((tmp_path / "s").iterdir()) == []


def test_cancelling_does_not_draw_the_rest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draws: list[str] = []
    draw_image = sample.draw_image

    def counted(species: Species, rng: np.random.Generator) -> Image.Image:
        draws.append(species)
        return draw_image(species, rng)

    monkeypatch.setattr(sample, "draw_image", counted)
    with pytest.raises(Cancelled):
        write_sample(tmp_path / "s", train=200, validation=2, progress=stop_after_two)
    assert len(draws) < 100


def test_default_sample_is_drawn_once(small_default: list[int], tmp_path: Path) -> None:
    first = sample_folder()
    stamps = {path: path.stat().st_mtime_ns for path in first.rglob("*")}
    assert sample_folder() == first
    assert small_default == [0]
    assert {path: path.stat().st_mtime_ns for path in first.rglob("*")} == stamps
    assert first.parent == tmp_path / "home" / "datasets"


def test_cancelled_default_sample_leaves_nothing_and_can_be_drawn_again(small_default: list[int]) -> None:
    with pytest.raises(Cancelled):
        sample_folder(stop_after_two)
    home = subfolder("datasets")
    assert list(home.iterdir()) == []
    assert (sample_folder() / "README.txt").is_file()
