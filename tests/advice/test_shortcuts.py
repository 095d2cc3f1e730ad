"""A planted shortcut is found, and fails on the honest test split; none is cried on clean drawings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.advice.head import fit, held_out
from core.advice.looks import Looks, border_of, colourfulness_of, looks_of
from core.advice.material import Material
from core.advice.shortcuts import Shortcut, find_shortcuts, name_pattern
from core.datasets import Dataset, ImageRecord


def found(dataset: Dataset, material: Material, seed: int = 0) -> dict[str, Shortcut]:
    trained = material.part(material.trained)
    right = held_out(trained.rows, trained.labels, trained.folds(seed), 2).argmax(axis=1) == trained.labels
    looks = looks_of(dataset, trained.records)
    return {each.cue: each for each in find_shortcuts(trained, looks, float(right.mean()), seed) if each.warning}


def test_all_cats_indoors_is_found_and_fails_on_the_test_split(
    opened: dict[str, tuple[Dataset, Material]], home_with_features: Path
) -> None:
    dataset, material = opened["shortcut"]
    warnings = found(dataset, material)
    assert "border" in warnings
    assert warnings["border"].low > 0.75 and len(warnings["border"].images) > 10
    trained = material.trained
    head = fit(material.rows[trained], material.labels[trained], 2)
    honest = head.predict(material.rows[~trained]) == material.labels[~trained]
    assert honest.mean() < warnings["border"].model - 0.1


def test_nothing_is_cried_on_clean_drawings_or_shuffled_labels(
    opened: dict[str, tuple[Dataset, Material]], home_with_features: Path
) -> None:
    dataset, material = opened["sample"]
    assert found(dataset, material) == {}
    for seed in range(5):
        mixed = replace(material, labels=np.random.default_rng(seed).permutation(material.labels))
        assert found(dataset, mixed, seed) == {}


def test_looks_are_of_the_content_whatever_the_order(
    opened: dict[str, tuple[Dataset, Material]], home_with_features: Path
) -> None:
    dataset, material = opened["shortcut"]
    first = looks_of(dataset, material.records)
    again = looks_of(dataset, material.records[::-1])
    for name, array in vars(first).items():
        np.testing.assert_array_equal(array[::-1], getattr(again, name))
    assert isinstance(first, Looks) and set(first.camera.tolist()) != {""}  # drawings say that they are drawn


def test_the_border_is_the_border() -> None:
    square = np.zeros((50, 50, 3), np.float32)
    square[5:45, 5:45] = 1
    assert (border_of(square) == 0).all()
    square[:5] = [0.5, 0, 0]
    assert border_of(square).reshape(36, 4)[:, 0].sum() == pytest.approx(5)  # the ten squares of the upper edge
    assert colourfulness_of(np.full((9, 9, 3), 0.3, np.float32)) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("path", "pattern"),
    [("train/cats/cat.0001.jpg", "*.999"), ("train/dogs/dog.12.jpg", "*.99"), ("cats/IMG_0001.JPG", "img_999")],
)
def test_names_without_the_class(path: str, pattern: str) -> None:
    assert name_pattern(ImageRecord(path, "train", "cats"), ("cats", "dogs")) == pattern
