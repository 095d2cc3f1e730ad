"""The threshold that is kept with a run."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.runs.choices import THRESHOLD
from core.runs.run import Run
from core.runs.settings import TrainingConfig


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("run"), "", "sample", TrainingConfig(), 0.0)


@given(st.floats(0, 1))
def test_what_was_chosen_comes_back(run: Run, threshold: float) -> None:
    THRESHOLD.keep(run, threshold)
    assert THRESHOLD.of(run) == threshold


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused_and_changes_nothing(run: Run, value: float) -> None:
    THRESHOLD.keep(run, 0.7)
    with pytest.raises(ConfigError, match="0 to 1"):
        THRESHOLD.keep(run, value)
    assert THRESHOLD.of(run) == 0.7


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"threshold": "x"}', '{"threshold": 7}', '{"threshold": NaN}'])
def test_a_broken_file_predictions_always(tmp_path: Path, content: str) -> None:
    (tmp_path / "threshold.json").write_text(content)
    assert THRESHOLD.of(Run(tmp_path, "", "sample", TrainingConfig(), 0.0)) == THRESHOLD.default
