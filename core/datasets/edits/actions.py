"""Edits of a dataset that leave its files alone, as values and as JSON.

Edits are a list of actions: the state is their sum, so undo drops one. A change names its image by content and path;
`core.datasets.edits.apply` finds the record.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool

from core.storage.models import parse_model

Key = tuple[str, str]  # path, digest
MAX_BYTES = 64 * 2**20  # of a stored file: about 400,000 changes
MAX_ACTIONS = 1_000
TITLE_CHARACTERS = 200


Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ImagePath = Annotated[str, Field(min_length=1, max_length=4_096)]
Label = Annotated[str, Field(max_length=255, pattern=r"^[^/\x00]*$")]
Author = Annotated[str, Field(max_length=64)]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_CHARACTERS)]


@dataclass(frozen=True, slots=True)
class Change:
    """One image's change: `excluded` and `label` are None if it leaves them as they are; label "" goes back to the
    folder's."""

    digest: Digest
    path: ImagePath
    excluded: StrictBool | None = None
    label: Label | None = None

    @property
    def key(self) -> Key:
        return self.path, self.digest

    @property
    def has_effect(self) -> bool:
        return bool(self.excluded or self.label)


@dataclass(frozen=True)
class Action:
    """What one press of a button did.

    Attributes:
        title: Words for the undo button.
        time: Seconds since 1970.
        changes: One for each image.
        copies: By digest, the other paths of the same images, which were left as they were: when one of two equal
            files is excluded and then deleted, the other must not take its place.
        author: The session that made it (`core.sessions`); "" for the command line.
    """

    title: Title
    time: Annotated[float, Field(strict=True, allow_inf_nan=False)]
    changes: tuple[Change, ...]
    copies: Mapping[Digest, tuple[ImagePath, ...]] = field(default_factory=dict)
    author: Author = ""


@dataclass(frozen=True)
class StoredEdits:
    """The content of a file of edits; actions are latest last, and `undone` are those that redo can bring back."""

    version: Literal[1]
    actions: Annotated[tuple[Action, ...], Field(max_length=MAX_ACTIONS)]
    undone: Annotated[tuple[Action, ...], Field(max_length=MAX_ACTIONS)]


def sum_up(actions: Iterable[Action]) -> dict[Key, Change]:
    """The changes of all actions, one for each image: later ones win."""
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
    copies_by_digest = {digest: tuple(sorted(paths)) for digest, paths in copies.items()}
    authors = {action.author for action in actions}
    author = authors.pop() if len(authors) == 1 else ""
    return Action(title, actions[-1].time, tuple(sum_up(actions).values()), copies_by_digest, author)


def to_json(actions: Sequence[Action], undone: Sequence[Action] = (), **about: str) -> str:
    """The content of a file of edits; `about` is for people who read it."""
    content = {**about, "version": 1, "actions": [*map(_plain, actions)], "undone": [*map(_plain, undone)]}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def from_json(content: bytes) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """The actions that hold and those that were undone, latest last.

    Raises:
        ValueError: It is not what `to_json` writes, or exceeds a limit.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has {len(content) / 2**20:.0f} MB, and {MAX_BYTES // 2**20} are the limit")
    stored = parse_model(content, StoredEdits, "edits")
    return stored.actions, stored.undone


def _plain(action: Action) -> dict[str, Any]:
    names = ("digest", "path", "excluded", "label")
    changes = [
        {name: value for name in names if (value := getattr(change, name)) is not None} for change in action.changes
    ]
    content = {"title": action.title, "time": action.time, "changes": changes, "copies": action.copies}
    return content | ({"author": action.author} if action.author else {})
