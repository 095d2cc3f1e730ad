"""The files of a dataset to work on: of anything that Pawlab opens, of a list of paths, or at an address.

A list is a text file with a path or an address a line, or a Parquet file with the column `path` and perhaps `label` and
`split`. At an address, folders say label and split as in a folder on this machine.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.datasets.layout import ALIASES, Layout
from core.datasets.loading import find_files
from core.datasets.source import resolve_source
from core.errors import InputError
from core.inference.inputs import InputFiles, check_exists, find_images
from core.jobs.progress import Progress, silent
from core.scale.blocks import Item
from core.scale.job import Files
from core.storage.places import Place, is_place_address
from core.text.lines import error_line

LISTS = (".txt", ".parquet")


def list_dataset(source: str, progress: Progress = silent) -> Files:
    """The files of a source, in the order of their paths. None is opened.

    Args:
        source: As `core.datasets.source.resolve_source` takes it; or a list, or an address of a folder.
        progress: Told of the phases "download", in bytes, and "extract", in files.

    Raises:
        InputError: There is no such source; or a list cannot be read.
        PawlabError: The address cannot be listed. (Also raised while iterating.)
    """
    if is_place_address(source):
        place = Place(source)
        return Files(source, _Walk(place), source)
    if _is_list(source):
        items = sorted(_read_list(Path(source)), key=lambda item: item.path)
        return Files(source, items, classes=_classes(items), total=len(items))
    resolved = resolve_source(source)
    layout = find_files(resolved, progress)
    return Files(resolved.text, _InLayout(layout), str(layout.root), layout.classes, len(layout.files))


@contextmanager
def list_inputs(inputs: Sequence[str], out: str, progress: Progress = silent) -> Iterator[Files]:
    """The files to classify in images, folders, zips, lists and addresses. The contents of zips exist until the block
    ends, in this machine's folder for temporary files.

    Args:
        out: The folder of parts, which may lie in a folder of `inputs`.
        progress: Told of the phase "extract", in files.

    Raises:
        InputError: A path does not exist. Raised while iterating: `ArchiveError`, `PawlabError`.
    """
    for text in inputs:
        if not is_place_address(text):
            check_exists(Path(text))
    local = [Path(text) for text in inputs if not is_place_address(text) and not _is_list(text)]
    others = [text for text in inputs if is_place_address(text) or _is_list(text)]
    with find_images(local, progress, [] if is_place_address(out) else [Path(out)]) as images:
        lists = [list_dataset(text) for text in others]
        is_known = not any(map(is_place_address, inputs))
        total = sum(1 for _ in images) + sum(files.total for files in lists) if is_known else 0
        yield Files(" ".join(inputs), _Inputs(images, list(zip(others, lists, strict=True))), total=total)


def split_and_label(path: str) -> tuple[str, str]:
    """What the folders of a path say, relative to the dataset's root.

    Example:
        >>> split_and_label("train/cats/1.jpg")
        ('train', 'cats')
        >>> split_and_label("cats/1.jpg")
        ('', 'cats')
    """
    folders = path.split("/")[:-1]
    for split, names in ALIASES.items():
        if len(folders) > 1 and folders[0].casefold() in names:
            return split, folders[1]
    return "", folders[0] if folders else ""


class _Walk:
    """The files at an address, each time anew: it may have more of them than fit into memory."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __iter__(self) -> Iterator[Item]:
        for file in self._place.walk():
            split, label = split_and_label(file.path)
            yield Item(file.path, self._place.file(file.path), label, split, "", f"{file.size} {file.changed}")


class _Inputs:
    """The files to classify: those on disk, then those of lists and addresses, each by its whole path."""

    def __init__(self, images: InputFiles, others: Sequence[tuple[str, Files]]) -> None:
        self._images, self._others = images, others

    def __iter__(self) -> Iterator[Item]:
        for image in self._images:
            stamp = "" if image.problem else stamp_of_file(str(image.file))
            yield Item(image.path, str(image.file.absolute()), "", "", image.problem, stamp)
        for text, files in self._others:
            for item in files.items:
                yield replace(item, path=item.file) if is_place_address(text) else item


class _InLayout:
    """The files of a layout, as its folder has them when they are asked for."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def __iter__(self) -> Iterator[Item]:
        root = str(self._layout.root)
        for file in self._layout.files:
            path = f"{root}/{file.path}"
            stamp = "" if file.problem else stamp_of_file(path)
            yield Item(file.path, path, file.label, file.split, file.problem, stamp)


def _is_list(text: str) -> bool:
    return text.lower().endswith(LISTS) and Path(text).is_file()


def stamp_of_file(path: str) -> str:
    """Size and time of change; "" where the file cannot be asked, whose row will say why."""
    try:
        status = os.stat(path)  # noqa: PTH116 (pathlib takes three times as long)
        return f"{status.st_size} {status.st_mtime_ns}"
    except (OSError, ValueError):
        return ""


def _read_list(path: Path) -> Iterator[Item]:
    try:
        rows = _parquet_rows(path) if path.suffix.lower() == ".parquet" else _text_rows(path)
    except (OSError, ValueError, KeyError) as error:  # pyarrow's own are these too
        raise InputError(
            f"{path} cannot be read: {error_line(error)}",
            "a text file of paths, or a Parquet file with the column path",
        ) from error
    for name, label, split in rows:
        file = name if is_place_address(name) else str((path.parent / name).absolute())
        yield Item(name, file, label, split, "", "" if is_place_address(name) else stamp_of_file(file))


def _text_rows(path: Path) -> list[tuple[str, str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(line, "", "") for line in map(str.strip, lines) if line]


def _parquet_rows(path: Path) -> list[tuple[str, str, str]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    names = table["path"].to_pylist()
    columns = [
        table[name].to_pylist() if name in table.column_names else [""] * len(names) for name in ("label", "split")
    ]
    return [(str(row[0]), str(row[1] or ""), str(row[2] or "")) for row in zip(names, *columns, strict=True)]


def _classes(items: list[Item]) -> tuple[str, ...]:
    return tuple(sorted({item.label for item in items if item.label}))
