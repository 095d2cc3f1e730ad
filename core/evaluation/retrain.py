"""Training again with the edits of today: the same settings, another run, and a note of which run it came from."""

from core.datasets import Dataset
from core.datasets.trainable import check_trainable
from core.errors import PawlabError
from core.files import read_json, write_json
from core.training.labels import NAME_CHARACTERS
from core.training.runs import Run, create_run

NOTE = "retrained.json"


def changes_in_words(before: Dataset, today: Dataset) -> str:
    """What edits have changed between two states of one dataset, "" for nothing: "2 excluded, 1 relabelled"."""
    then = {record.path: record for record in before.readable()}
    pairs = [(then[record.path], record) for record in today.readable() if record.path in then]
    counts = {
        "excluded": sum(new.excluded and not old.excluded for old, new in pairs),
        "used again": sum(old.excluded and not new.excluded for old, new in pairs),
        "relabelled": sum(old.label != new.label and not new.excluded for old, new in pairs),
    }
    return ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)


def train_again(run: Run, changes: str, today: Dataset) -> Run:
    """A new run with the settings of `run` and the edits that hold now; nothing runs yet. Of a fine-tuned run the first
    stage alone: its second one would start from a model that has seen other pictures.

    Args:
        changes: What `changes_in_words` says: part of its name.
        today: The dataset with the edits of today.

    Raises:
        DatasetError: The edits leave too little to train on, or are broken.
    """
    check_trainable(today)
    first = run.fine_tuning.name if run.fine_tuning else run.name
    stem = first.split(" · ")[0]
    words = f" · {changes or 'again'}"
    new = create_run(run.source, run.config, f"{stem[: max(10, NAME_CHARACTERS - len(words))].rstrip()}{words}")
    try:
        write_json(new.directory / NOTE, {"of": run.id})
    except OSError as error:
        raise PawlabError(f"The folder of the run {new.id} cannot be written: {error.strerror}") from error
    return new


def origin_of(run: Run) -> str:
    """The id of the run that this one was trained again from; "" where there is none."""
    try:
        note = read_json(run.directory / NOTE)
    except (OSError, ValueError, RecursionError):
        return ""
    origin = note.get("of") if isinstance(note, dict) else None
    return origin if isinstance(origin, str) else ""
