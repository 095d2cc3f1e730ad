"""What was done to a dataset without touching its files, and a dataset as it is after that.

A list of actions is all there is: the state is what they add up to, so undo means one action fewer. Changes name their
picture by content first and path second. A change applies to the record at its path while that has its content; when
the picture was renamed or moved, to a record with its content that was not there when the change was made and that no
other change names; when there is none, to nothing, and it is kept for when the picture comes back.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.datasets.records import Dataset, ImageRecord

Key = tuple[str, str]  # path, digest
MAX_BYTES = 64 * 2**20  # of a stored list: about 400,000 changes
MAX_ACTIONS = 1_000
TITLE_CHARACTERS = 200
PATH_CHARACTERS = 4_096
LABEL_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Change:
    """One picture's change: `excluded` and `label` are None where it leaves them as they are; label "" goes back to the
    folder's."""

    digest: str
    path: str
    excluded: bool | None = None
    label: str | None = None

    @property
    def key(self) -> Key:
        return self.path, self.digest

    @property
    def has_effect(self) -> bool:
        return bool(self.excluded or self.label)


@dataclass(frozen=True)
class Action:
    """What one press of a button did. `time` is seconds since 1970.

    `copies` are the paths, by digest, where the same pictures lay as well and were left as they were: when one of two
    equal files is excluded and then deleted, the other must not take its place.
    """

    title: str
    time: float
    changes: tuple[Change, ...]
    copies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def sum_up(actions: Iterable[Action]) -> dict[Key, Change]:
    """The changes of all actions as one for each picture: what came later holds."""
    state: dict[Key, Change] = {}
    for action in actions:
        for change in action.changes:
            before = state.get(change.key)
            if before:
                excluded = before.excluded if change.excluded is None else change.excluded
                label = before.label if change.label is None else change.label
                change = Change(change.digest, change.path, excluded, label)
            state[change.key] = change
    return state


def merge(actions: Sequence[Action], title: str) -> Action:
    """One action that does what `actions` did."""
    copies: dict[str, set[str]] = defaultdict(set)
    for action in actions:
        for digest, paths in action.copies.items():
            copies[digest].update(paths)
    kept = {digest: tuple(sorted(paths)) for digest, paths in copies.items()}
    return Action(title, actions[-1].time, tuple(sum_up(actions).values()), kept)


def carriers(
    records: Iterable[ImageRecord], actions: Sequence[Action], state: Mapping[Key, Change] | None = None
) -> dict[str, Key]:
    """Which change each record carries, by the record's path."""
    state = sum_up(actions) if state is None else state
    if not state:
        return {}
    records = sorted(records, key=lambda record: record.path)
    found = {record.path: (record.path, record.digest) for record in records if (record.path, record.digest) in state}
    standing = set(found.values())
    lost = sorted(change.key for change in state.values() if change.has_effect and change.key not in standing)
    if lost:
        digests = {digest for _, digest in lost}
        not_new = {(path, d) for action in actions for d in digests & action.copies.keys() for path in action.copies[d]}
        free: dict[str, list[str]] = defaultdict(list)
        for record in reversed(records):
            if record.digest in digests and record.path not in found and (record.path, record.digest) not in not_new:
                free[record.digest].append(record.path)
        for path, digest in lost:
            if free[digest]:
                found[free[digest].pop()] = path, digest
    return found


def apply_actions(dataset: Dataset, actions: Sequence[Action]) -> Dataset:
    """The dataset after `actions`, whatever other actions it had gone through before; itself when that changes nothing.

    Only `excluded`, `label` and `folder_label` of records change; the split stays. The classes are those that a usable
    record carries: one whose pictures are all excluded or relabelled is none, and a label of its own makes a new one.
    """
    state = sum_up(actions)
    carried = carriers(dataset.records, actions, state)
    records = [_edited(record, state.get(carried.get(record.path, ("", "")))) for record in dataset.records]
    if all(new is old for new, old in zip(records, dataset.records, strict=True)):
        return dataset
    classes = {record.label for record in records if not record.reason and not record.excluded}
    return replace(dataset, records=tuple(records), classes=tuple(classes))


def count_edits(dataset: Dataset) -> dict[str, int]:
    """How many pictures that decode are excluded, and how many of the others carry another label than their folder's:
    {"excluded": ..., "relabelled": ...}."""
    readable = dataset.readable()
    relabelled = sum(bool(record.folder_label) and not record.excluded for record in readable)
    return {"excluded": sum(record.excluded for record in readable), "relabelled": relabelled}


def folder_label(record: ImageRecord) -> str:
    """The class that the record's folder says."""
    return record.folder_label or record.label


def _edited(record: ImageRecord, change: Change | None) -> ImageRecord:
    folder = folder_label(record)
    excluded = bool(change and change.excluded)
    label = (change.label if change else "") or folder
    if (excluded, label) == (record.excluded, record.label):
        return record
    return replace(record, excluded=excluded, label=label, folder_label=folder if label != folder else "")


def to_json(actions: Sequence[Action], undone: Sequence[Action] = (), **about: str) -> str:
    """The list as text for `from_json`; `about` is for people who read it."""

    content = {**about, "version": 1, "actions": [*map(_plain, actions)], "undone": [*map(_plain, undone)]}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def from_json(content: bytes) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """The actions that hold and those that were undone, latest last.

    Raises:
        ValueError: It is not what `to_json` writes, or goes beyond a limit; the message says in a few words why.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has {len(content) / 2**20:.0f} MB, and {MAX_BYTES // 2**20} are the limit")
    try:
        value = json.loads(content)
        if value["version"] != 1:
            raise ValueError(f"it has the version {value['version']!r:.20}, and we know 1")
        lists = [value["actions"], value["undone"]]
        if any(not isinstance(one, list) or len(one) > MAX_ACTIONS for one in lists):
            raise ValueError(f"it holds no list of at most {MAX_ACTIONS:,} actions")
        actions, undone = ([_action(one) for one in found] for found in lists)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"something is missing or of the wrong kind: {type(error).__name__} {error}"[:120]) from error
    return tuple(actions), tuple(undone)


def check_action(action: Action) -> None:
    """Whether an action can be stored and read again. Raises `ValueError` where it goes beyond a limit."""
    _action({**_plain(action), "copies": dict(action.copies)})


def _plain(action: Action) -> dict[str, Any]:
    changes = []
    for change in action.changes:
        entry: dict[str, Any] = {"digest": change.digest, "path": change.path}
        if change.excluded is not None:
            entry["excluded"] = change.excluded
        if change.label is not None:
            entry["label"] = change.label
        changes.append(entry)
    return {"title": action.title, "time": action.time, "changes": changes, "copies": action.copies}


def _action(value: Any) -> Action:
    match value:
        case {"title": str(title), "time": int() | float() as time, "changes": list(changes), "copies": dict(copies)}:
            if len(title) > TITLE_CHARACTERS or not math.isfinite(time) or isinstance(time, bool):
                raise ValueError("an action has no title or time")
            kept = {
                _digest(digest): tuple(_text(path, PATH_CHARACTERS) for path in copies[digest]) for digest in copies
            }
            return Action(_text(title, TITLE_CHARACTERS), float(time), tuple(_change(one) for one in changes), kept)
    raise ValueError("an action lacks its title, time or changes")


def _change(value: dict[str, Any]) -> Change:
    excluded, label = value.get("excluded"), value.get("label")
    if excluded is not None and not isinstance(excluded, bool):
        raise ValueError("a change is neither excluded nor not")
    if label:
        label = _text(label, LABEL_CHARACTERS)
        if "/" in label or "\0" in label:
            raise ValueError("a label cannot be a folder's name")
    elif label is not None and label != "":
        raise ValueError("a label is no text")
    return Change(_digest(value["digest"]), _text(value["path"], PATH_CHARACTERS), excluded, label)


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError("a digest is no SHA-256")
    return value


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise ValueError(f"a text is missing or longer than {longest:,} characters")
    value.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
    return value
