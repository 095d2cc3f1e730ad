"""Weak groups: a planted one is found and said in words; Fisher's test against SciPy; chance finds none."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from core.advice.looks import looks_of
from core.advice.material import Material
from core.advice.weak_groups import exact_p, folder_below_class, weak_groups
from core.datasets import Dataset

COUNTS = st.integers(1, 60).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@given(COUNTS, COUNTS)
def test_fishers_exact_test(group: tuple[int, int], others: tuple[int, int]) -> None:
    table = [[group[0], group[1] - group[0]], [others[0], others[1] - others[0]]]
    assert exact_p(group, others) == pytest.approx(fisher_exact(table, alternative="less")[1], abs=1e-9)


def test_dark_images_are_found_and_chance_is_not(
    opened: dict[str, tuple[Dataset, Material]], home_with_features: Path
) -> None:
    dataset, material = opened["sample"]
    looks = looks_of(dataset, material.records)
    brightness = np.array([record.brightness for record in material.records])
    dark = brightness <= np.quantile(brightness, 0.1)
    random = np.random.default_rng(0)
    right = random.random(len(material)) < np.where(dark, 0.5, 0.97)
    (group,) = weak_groups(material, looks, right)
    assert group.in_words().startswith("Dark images: ") and " right (" in group.in_words()
    assert len(group.images) == dark.sum()
    alarms = sum(bool(weak_groups(material, looks, random.random(len(material)) < 0.9, seed)) for seed in range(40))
    assert alarms <= 6  # at most 5%: more than 6 of 40 would come once in 300


@pytest.mark.parametrize(
    ("path", "folder"),
    [("train/cats/1.jpg", ""), ("cats/1.jpg", ""), ("train/cats/phone/1.jpg", "phone"), ("cats/a/b/1.jpg", "a/b")],
)
def test_the_folder_below_the_class(path: str, folder: str) -> None:
    assert folder_below_class(path) == folder
