"""A dataset after edits.

A change applies to the record at its path if that still has the content; else, because the image was renamed or moved,
to a record with the content that was not there when the change was made and that no other change names; else to
nothing, and it waits for the image to come back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.datasets.edits.actions import Action, Change, Key, sum_up
from core.datasets.records import Dataset, ImageRecord


def match_changes(
    records: Iterable[ImageRecord], actions: Sequence[Action], state: Mapping[Key, Change] | None = None
) -> dict[str, Key]:
    """The change that applies to each record, as {path of the record: key of the change}."""
    state = sum_up(actions) if state is None else state
    if not state:
        return {}
    records = sorted(records, key=lambda record: record.path)
    matched = {record.path: (record.path, record.digest) for record in records if (record.path, record.digest) in state}
    in_place = set(matched.values())
    moved = sorted(change.key for change in state.values() if change.has_effect and change.key not in in_place)
    if moved:
        digests = {digest for _, digest in moved}
        not_new = {(path, d) for action in actions for d in digests & action.copies.keys() for path in action.copies[d]}
        free: dict[str, list[str]] = defaultdict(list)
        for record in reversed(records):
            if record.digest in digests and record.path not in matched and (record.path, record.digest) not in not_new:
                free[record.digest].append(record.path)
        for path, digest in moved:
            if free[digest]:
                matched[free[digest].pop()] = path, digest
    return matched


def apply_actions(dataset: Dataset, actions: Sequence[Action]) -> Dataset:
    """The dataset after `actions` alone, whatever was applied to it before; the same object if it has them already.

    Only `excluded`, `label` and `folder_label` of records change; the split stays. The classes are the labels of usable
    records: a class whose images are all excluded or relabelled is gone, and a new label is a new class.
    """
    actions = tuple(actions)
    state = sum_up(actions)
    matched = match_changes(dataset.records, actions, state)
    records = [_edited(record, state.get(matched.get(record.path, ("", "")))) for record in dataset.records]
    if all(new is old for new, old in zip(records, dataset.records, strict=True)):
        return dataset if actions == dataset.edits else replace(dataset, edits=actions)
    classes = {record.label for record in records if record.in_use}
    return replace(dataset, records=tuple(records), classes=tuple(classes), edits=actions)


def count_edits(dataset: Dataset) -> dict[str, int]:
    """How many readable images are excluded, and how many of the others have another label than their folder:
    {"excluded": ..., "relabelled": ...}."""
    readable = dataset.readable()
    relabelled = sum(bool(record.folder_label) and not record.excluded for record in readable)
    return {"excluded": sum(record.excluded for record in readable), "relabelled": relabelled}


def folder_label(record: ImageRecord) -> str:
    """The class that the record's folder stands for."""
    return record.folder_label or record.label


def _edited(record: ImageRecord, change: Change | None) -> ImageRecord:
    folder = folder_label(record)
    excluded = bool(change and change.excluded)
    label = (change.label if change else "") or folder
    if (excluded, label) == (record.excluded, record.label):
        return record
    return replace(record, excluded=excluded, label=label, folder_label=folder if label != folder else "")
