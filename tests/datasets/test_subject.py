"""Sentences about animals are said of animals only."""

import pytest

from core.datasets.subject import subject


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (["cats", "dogs"], "animal"),
        (["Cat", "mice", "wild_foxes", "Puppies 2"], "animal"),
        (["cats", "cars"], "object"),
        (["hot dog stand", "catalogue"], "object"),
        (["shirts", "trousers"], "object"),
    ],
)
def test_only_classes_that_are_all_animals_are_animals(classes: list[str], expected: str) -> None:
    assert subject(classes) == expected
