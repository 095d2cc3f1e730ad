"""A fine-tuned run is told from its first stage by its name, however long that one's is."""

from pathlib import Path

from core.runs.names import NAME_CHARACTERS
from core.runs.run import Run, load_run
from core.training.loop.second_stage import fine_tune_run
from tests.trained import SECOND, copied


def test_a_long_name_is_cut_and_not_what_tells_the_stages_apart(trained: Run, pawlab_home: Path) -> None:
    first = copied(trained, pawlab_home).rename("z" * NAME_CHARACTERS, "")
    run = fine_tune_run(first, SECOND)
    assert load_run(run.directory).name.endswith("z, fine-tuned")
    assert len(run.name) == NAME_CHARACTERS
