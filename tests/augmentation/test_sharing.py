"""Settings as a link and as JSON from outside."""

from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.augmentation import PARAMETERS, PRESETS, AugmentationConfig, FillMode, Parameter
from core.augmentation.sharing import MOST_BYTES, MOST_CHARACTERS, from_link, import_json, to_link
from core.errors import ConfigError


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Every kind of value that the settings take for it."""
    if isinstance(parameter.neutral, bool):
        return st.booleans()
    if not parameter.step:
        return st.sampled_from(get_args(FillMode))
    numbers = st.floats(parameter.lowest, parameter.highest)
    if not parameter.pair:
        return numbers
    pairs = st.tuples(numbers, numbers).map(lambda pair: tuple(sorted(pair)))
    if parameter.name == "zoom_range":
        return pairs | st.floats(0, 0.9)
    return st.none() | pairs if parameter.neutral is None and parameter.has_switch else pairs


configs = st.fixed_dictionaries(
    {}, optional={name: values_of(parameter) for name, parameter in PARAMETERS.items()}
).map(AugmentationConfig.create)


@given(config=configs)
@example(config=AugmentationConfig())
def test_any_config_survives_a_link(config: AugmentationConfig) -> None:
    query = urlencode(to_link(config))
    assert from_link(dict(parse_qsl(query))) == config


@given(config=configs)
def test_a_link_holds_what_differs_only_and_never_nothing(config: AugmentationConfig) -> None:
    usual = AugmentationConfig()
    different = {name for name in PARAMETERS if getattr(config, name) != getattr(usual, name)}
    assert set(to_link(config)) == (different or {"rotation_range"})
    assert all(len(text) <= MOST_CHARACTERS for text in to_link(config).values())


def test_a_link_can_be_read_and_written_by_hand() -> None:
    config = AugmentationConfig(
        rotation_range=30,
        shear_range=12.5,
        zoom_range=(0.8, 1.2),
        horizontal_flip=True,
        fill_mode="wrap",
        brightness_range=(0.7, 1),
    )
    link = {
        "rotation_range": "30",
        "shear_range": "12.5",
        "zoom_range": "0.8,1.2",
        "horizontal_flip": "1",
        "fill_mode": "wrap",
        "brightness_range": "0.7,1",
    }
    assert to_link(config) == link
    by_hand = link | {
        "rotation_range": "+30.0",
        "shear_range": "1.25e1",
        "contrast_range": "none",
        "vertical_flip": "0",
    }
    assert from_link(by_hand) == config


def test_names_of_other_pages_are_passed_over() -> None:
    assert from_link({"run": "x" * 10_000, "page": "2", "cval": "7"}) == AugmentationConfig(cval=7)


HOSTILE = [
    ("rotation_range", "9" * 1_000_000, r"Received 1,000,000 characters .* Expected 64 characters or fewer"),
    ("rotation_range", "1e999", "Expected a number from 0 to 180"),
    ("rotation_range", "-1", "Expected a number from 0 to 180"),
    ("rotation_range", "nan", "Received 'nan' .* Expected a number"),
    ("rotation_range", "inf", "Expected a number"),
    ("rotation_range", "1_0", "Expected a number"),
    ("rotation_range", " 10", "Expected a number"),
    ("rotation_range", "٣٠", "Expected a number"),
    ("rotation_range", "３０", "Expected a number"),
    ("rotation_range", "0x10", "Expected a number"),
    ("rotation_range", "", "Expected a number"),
    ("rotation_range", "none", "Expected a number"),
    ("rotation_range", "10,20", "Expected a number"),
    ("rotation_range", ["10", "20"], "Received a list for rotation_range in the link. Expected one value"),
    ("rotation_range", None, "Expected one value"),
    ("rotation_range", 10, "Expected one value"),
    ("zoom_range", "1.2,0.8", "the lower one first"),
    ("zoom_range", "0.8,1,1.2", "the lower one first"),
    ("zoom_range", "0.8,", "the lower one first"),
    ("zoom_range", "nan,nan", "the lower one first"),
    ("brightness_range", "0.5", "nothing, or two numbers from 0 to 3"),
    ("brightness_range", "," * 63, "two numbers"),
    ("horizontal_flip", "yes", "Expected 1 for on or 0 for off"),
    ("horizontal_flip", "١", "Expected 1 for on or 0 for off"),
    ("fill_mode", "mirror", "Expected 'nearest', 'reflect', 'wrap' or 'constant'"),
    ("fill_mode", "none", "Expected 'nearest'"),
    ("fill_mode", "'); import os; ('", "Expected 'nearest'"),
]


@pytest.mark.parametrize(("name", "value", "words"), HOSTILE, ids=lambda value: str(value)[:20])
def test_hostile_values_are_refused_by_name(name: str, value: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        from_link({name: value})
    assert name in str(caught.value)
    assert len(str(caught.value)) < 400


@given(params=st.dictionaries(st.sampled_from([*PARAMETERS]), st.text() | st.sampled_from(["0", "1", "0.5", "0.5,1"])))
def test_any_text_gives_settings_or_a_config_error(params: Mapping[str, str]) -> None:
    try:
        config = from_link(params)
    except ConfigError:
        return
    assert from_link(to_link(config)) == config


@pytest.mark.parametrize("config", PRESETS.values(), ids=list(PRESETS))
def test_exported_json_is_imported_as_text_and_as_bytes_with_and_without_a_mark(config: AugmentationConfig) -> None:
    text = config.to_json()
    assert import_json(text) == config
    assert import_json(text.encode()) == config
    assert import_json(text.encode("utf-8-sig")) == config


@pytest.mark.parametrize(
    "content",
    [
        " " * (MOST_BYTES + 1),
        b"\xff\xfe" * (MOST_BYTES + 1),
        "",
        b"\xff\xfe{}",
        "[" * MOST_BYTES,
        '{"a":' * (MOST_BYTES // 5),
        "\ud800",
        '{"rotation_range": NaN}',
        '{"rotation_range": 1e999}',
        '{"rotation_range": "10"}',
        '{"rotation_range": [10]}',
        '{"horizontal_flip": 2}',
        '{"fill_mode": null}',
        '{"fill_mode": "\ud800"}',
        '{"__class__": "os.system"}',
        "[]",
        "null",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_json_that_is_not_settings_is_refused(content: str | bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        import_json(content)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000
