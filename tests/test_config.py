"""Settings, by a small class of their own: what is refused, and what the message says."""

import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.config import Settings, help_of, setting
from core.errors import ConfigError


class Brew(Settings):
    """How to make tea."""

    minutes: float = setting(3.0, "How long the leaves stay in.", unit="minutes", gt=0, le=15)
    cups: int = setting(1, "How many cups.", ge=1, le=12)
    kind: Literal["green", "black"] = setting("black", "Which leaves.")
    sugar: tuple[float, float] = setting((0.0, 1.0), "Least and most sugar.", unit="spoons")
    name: str = setting("", "What to call it.")


brews = st.fixed_dictionaries(
    {
        "minutes": st.floats(0.001, 15),
        "cups": st.integers(1, 12),
        "kind": st.sampled_from(["green", "black"]),
        "sugar": st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1)),
        "name": st.text(),
    }
)


def test_what_is_left_out_keeps_its_default() -> None:
    assert Brew.create({"cups": 3}) == Brew(cups=3)
    assert Brew.create({}) == Brew(minutes=3, cups=1, kind="black")


@given(brews)
def test_json_goes_both_ways(values: dict[str, Any]) -> None:
    brew = Brew.create(values)
    assert Brew.from_json(brew.to_json()) == brew
    assert Brew.from_json(brew.to_json().encode()) == brew
    assert Brew.create(json.loads(brew.to_json())) == brew


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cups": 13}, ["13", "cups", "less than or equal to 12"]),
        ({"cups": 0}, ["0", "cups", "greater than or equal to 1"]),
        ({"cups": 1.5}, ["1.5", "cups", "integer"]),
        ({"cups": None}, ["None", "cups", "integer"]),
        ({"minutes": 0}, ["0", "minutes", "greater than 0"]),
        ({"minutes": float("nan")}, ["nan", "minutes", "finite"]),
        ({"minutes": float("inf")}, ["inf", "minutes"]),
        ({"kind": "white"}, ["'white'", "kind", "'green' or 'black'"]),
        ({"sugar": [0.0, "x"]}, ["'x'", "sugar.1", "number"]),
        ({"sugar": [0.0]}, ["sugar.1"]),
    ],
)
def test_a_wrong_value_is_named_with_its_setting_and_its_range(values: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        Brew.create(values)
    assert [word for word in words if word not in str(caught.value)] == []


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown setting cup\..* one of minutes, cups, kind, sugar, name"):
        Brew.create({"cup": 3})


def test_a_message_is_one_short_line_whatever_was_received() -> None:
    for value in ("x" * 10_000, "a\nb\x00", [list(range(1000))] * 10):
        with pytest.raises(ConfigError) as caught:
            Brew.create({"cups": value})
        assert len(str(caught.value)) < 250
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "7", '{"cups": "many"}', '{"cups": 1e400}', b"\xff", "[" * 10_000]
)
def test_json_that_is_no_settings_is_refused(text: str | bytes) -> None:
    with pytest.raises(ConfigError):
        Brew.from_json(text)


def test_changed_gives_a_checked_copy() -> None:
    brew = Brew(cups=2, name="morning")
    assert brew.changed(cups=3) == Brew(cups=3, name="morning")
    assert brew.cups == 2
    with pytest.raises(ConfigError, match="cups"):
        brew.changed(cups=99)
    with pytest.raises(ConfigError, match="unknown setting milk"):
        brew.changed(milk=True)


def test_settings_cannot_be_changed_in_place() -> None:
    brew = Brew()
    for name in ("cups", "milk"):
        with pytest.raises(ValidationError):
            setattr(brew, name, 2)


def test_a_default_out_of_range_is_noticed() -> None:
    class Wrong(Settings):
        cups: int = setting(0, "How many cups.", ge=1)

    with pytest.raises(ConfigError, match="cups"):
        Wrong.create({})


def test_help_names_the_unit_where_there_is_one() -> None:
    assert help_of(Brew, "minutes") == "How long the leaves stay in. Unit: minutes."
    assert help_of(Brew, "cups") == "How many cups."
