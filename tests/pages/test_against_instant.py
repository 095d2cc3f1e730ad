"""A finished run of a collection against the instant model, on the Evaluate page."""

import json
import shutil
from pathlib import Path

from core.runs.run import Run
from pages.ui.evaluate.against_instant import comparisons_with_instant
from tests.pages.app import new_app, press, unescaped_words
from tests.trained import copied

ASK = "Compare with the instant model"


def test_a_run_of_a_collection_is_compared_and_another_is_not(trained: Run, ready_home: Path, drawn: Path) -> None:
    run = copied(trained, ready_home)
    assert ASK not in [button.label for button in new_app("evaluate.py").run().button]
    collection = shutil.copytree(drawn, ready_home / "collections" / "pets")
    config = json.loads((run.directory / "config.json").read_text())
    text = json.dumps(config).replace(json.dumps(trained.source), json.dumps(str(collection)))
    (run.directory / "config.json").write_text(text)
    at = press(new_app("evaluate.py").run(), ASK)
    task = comparisons_with_instant().latest
    assert task is not None and task.wait(120)
    at.run()
    assert not at.exception
    assert task.result is not None
    assert task.result.verdict in unescaped_words(at)
    assert "Accuracy on 16 validation images: trained " in unescaped_words(at)
