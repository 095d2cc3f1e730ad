"""Names that images may be relabelled to."""

import pytest

from core.datasets.names import check_class_name
from core.errors import DatasetError


@pytest.mark.parametrize("name", ["cats", "birds", "猫", "not sure", "v1.2", "x" * 100])
def test_a_class_or_a_name_that_can_be_a_folder_is_taken(name: str) -> None:
    check_class_name(name, ["cats", "dogs"])


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a/b",
        "..",
        ".",
        "../../etc",
        "a\nb",
        "nul",
        "x" * 101,
        "猫" * 101,
        ".git",
        "dogs ",
        "Dogs",
        "a:b",
        "\ud800",
    ],
)
def test_a_name_that_cannot_be_a_folder_or_is_nearly_a_class_is_refused(name: str) -> None:
    with pytest.raises(DatasetError, match="Expected"):
        check_class_name(name, ["cats", "dogs"])


def test_a_class_that_is_there_is_taken_however_odd() -> None:
    check_class_name("a:b ", ["a:b ", "c"])
