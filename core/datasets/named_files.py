"""Images whose class stands in their names, such as `train/cat.0.jpg`: the layout of many Kaggle competitions."""

import os
import re
from collections import Counter
from pathlib import Path

from core.datasets.collect.bursts import burst_of
from core.datasets.layout import ALIASES, FoundFile, Layout, check_file, is_image_name, list_visible, subfolders

_NAME = re.compile(r"(?P<label>[^\W\d].*?)[._-]\d+\.[^.]+\Z")
LEAST = 2  # files of a class: a name that occurs once is nobody's class


def find_named_files(folder: Path) -> Layout | None:
    """The files called CLASS.NUMBER.ext (or CLASS_NUMBER, CLASS-NUMBER) in a folder or in its train, validation and
    test folders, within any number of wrapping folders; None unless they name two or more classes. Images of a
    collection are not among them: what stands in their names is a burst.

    Raises:
        DatasetError: The folder cannot be listed.
    """
    root = folder.resolve()
    while True:
        folders = subfolders(root)
        splits = {split: Path(entry.path) for split, names in ALIASES.items() for entry in folders if _is(entry, names)}
        places = splits if "train" in splits else {"": root}
        files = [file for split, place in places.items() for file in _named(place, root, split)]
        numbers = Counter(file.label for file in files if file.split in ("", "train"))
        classes = {label for label, number in numbers.items() if number >= LEAST}
        if len(classes) > 1:
            wanted = sorted((file for file in files if file.label in classes), key=lambda file: file.path)
            return Layout(root, tuple(sorted(classes)), tuple(wanted))
        if len(folders) != 1 or "train" in splits:
            return None
        root = Path(folders[0].path)


def counts_in_words(layout: Layout) -> str:
    """How many files each class has: "cat (12,500), dog (12,500)"."""
    numbers = Counter(file.label for file in layout.files)
    words = ", ".join(f"{label} ({numbers[label]:,})" for label in layout.classes[:10])
    return words + (f" and {len(layout.classes) - 10} more" if len(layout.classes) > 10 else "")


def _is(entry: os.DirEntry[str], names: tuple[str, ...]) -> bool:
    return entry.name.casefold() in names


def _named(place: Path, root: Path, split: str) -> list[FoundFile]:
    return [
        check_file(entry, root, split, match["label"])
        for entry in list_visible(place)
        if is_image_name(entry.name)
        and not burst_of(entry.name)
        and (match := _NAME.match(entry.name))
        and not entry.is_dir(follow_symlinks=False)
    ]
