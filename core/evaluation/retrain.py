"""Training again with the current edits: a new run with the same settings, and a note of which run it came from."""

from core.config import Settings
from core.datasets import Dataset
from core.datasets.edits.apply import apply_actions
from core.datasets.trainable import check_trainable
from core.errors import PawlabError
from core.runs.names import NAME_CHARACTERS
from core.runs.run import Run, create_run
from core.storage.files import write_json
from core.storage.models import load_model

NOTE = "retrained.json"


class _Note(Settings):
    of: str


def changes_in_words(before: Dataset, edited: Dataset) -> str:
    """What edits have changed between two states of one dataset: "2 excluded, 1 relabelled"; "" for nothing."""
    old_records = {record.path: record for record in before.readable()}
    pairs = [(old_records[record.path], record) for record in edited.readable() if record.path in old_records]
    counts = {
        "excluded": sum(new.excluded and not old.excluded for old, new in pairs),
        "included again": sum(old.excluded and not new.excluded for old, new in pairs),
        "relabelled": sum(old.label != new.label and not new.excluded for old, new in pairs),
    }
    return ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)


def changes_since(run: Run, dataset: Dataset) -> str:
    """What edits have changed since a run began, in words; "" for nothing.

    Args:
        dataset: That of the run, with its edits as they are now.

    Raises:
        RunError: The run's edits are broken.
    """
    return changes_in_words(apply_actions(dataset, run.edits()), dataset)


def train_again(run: Run, changes: str, edited: Dataset) -> Run:
    """A new run with the settings of `run` and the current edits; nothing runs yet. Of a fine-tuned run only the first
    stage: its second stage would start from a model trained on other images.

    Args:
        changes: From `changes_in_words`, for its name.
        edited: The dataset with the edits that the page shows.

    Raises:
        DatasetError: The edits leave too little to train on, or are broken.
    """
    check_trainable(edited)
    first = run.fine_tuning.name if run.fine_tuning else run.name
    stem = first.split(" · ")[0]
    words = f" · {changes or 'again'}"
    new = create_run(edited, run.config, f"{stem[: max(10, NAME_CHARACTERS - len(words))].rstrip()}{words}")
    try:
        write_json(new.directory / NOTE, {"of": run.id})
    except OSError as error:
        raise PawlabError(f"The folder of the run {new.id} cannot be written: {error.strerror}") from error
    return new


def origin_of(run: Run) -> str:
    """The id of the run that this one was trained again from; "" for other runs."""
    try:
        return load_model(run.directory / NOTE, _Note).of
    except (OSError, ValueError):
        return ""
