"""A scan: what is in each file, as `core.datasets.scan` finds it."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from core.datasets.scan.file import Scanned
from core.datasets.scan.index import DECODER, remember
from core.datasets.scan.measures import Measures
from core.datasets.scan.pool import scan_in_processes
from core.errors import ImageError
from core.images.decode import ImageFacts
from core.scale.blocks import Item
from core.scale.kernel import Kernel
from core.scale.reading import read_items
from core.storage.parts import Kind, PartsFolder
from core.storage.places import is_place_address

_TEXTS = ("path", "label", "split", "reason", "digest")
_NUMBERS = ("bytes", "changed", "width", "height", "frames")
_WORDS = ("format", "mode")
_MEASURES = ("brightness", "sharpness", "entropy")


@dataclass(frozen=True)
class ScanKernel(Kernel):
    """One row a file: what it is, or the reason why it is no image."""

    kind: ClassVar[Kind] = "scan"
    version: ClassVar[int] = 1
    at_once: ClassVar[int] = 64
    most: ClassVar[int] = 1024

    @property
    def settings(self) -> dict[str, Any]:
        return {"decoder": DECODER}

    @property
    def schema(self) -> pa.Schema:
        columns: list[tuple[str, pa.DataType]] = [(name, pa.string()) for name in _TEXTS]
        columns += [(name, pa.int64()) for name in _NUMBERS] + [(name, pa.string()) for name in _WORDS]
        columns += [(name, pa.float64()) for name in _MEASURES]
        return pa.schema([*columns, ("signature", pa.binary())])

    def read_rows(self, items: Sequence[Item]) -> pa.Table:
        """Files on disk are scanned where they are."""
        if any(is_place_address(item.file) for item in items):
            return self.rows(items, read_items(items))
        return self._table(items, [item.problem or Path(item.file) for item in items])

    def rows(self, items: Sequence[Item], contents: Sequence[bytes | ImageError]) -> pa.Table:
        with _on_disk(contents) as files:
            table = self._table(items, files)
        at = table.column_names.index("changed")  # which says when it was written here
        return table.set_column(at, "changed", pa.nulls(len(table), pa.int64()))

    def _table(self, items: Sequence[Item], files: Sequence[Path | str]) -> pa.Table:
        """The rows of files by their place, or by the reason why they have none."""
        paths = [str(file).removeprefix("/") for file in files if isinstance(file, Path)]
        found = {path: scanned for some in scan_in_processes(Path("/"), paths, 1) for path, scanned in some}
        rows = []
        for item, file in zip(items, files, strict=True):
            row: dict[str, Any] = {"path": item.path, "label": item.label, "split": item.split}
            if isinstance(file, Path):
                rows.append(row | _columns(found[str(file).removeprefix("/")]))
            else:
                rows.append(row | {"reason": file, "digest": ""})
        return pa.Table.from_pylist(rows, self.schema)


def remember_parts(folder: PartsFolder, root: Path) -> None:
    """Puts the rows of a finished scan into this machine's memory of scans: it opens the dataset at once then."""
    found: dict[str, Scanned] = {}
    for key in folder.part_keys():
        for row in folder.read(key).to_pylist():
            if row["digest"]:
                found[row["path"]] = _scanned(row)
    remember(root, found)


def _columns(scanned: Scanned) -> dict[str, Any]:
    row: dict[str, Any] = {"bytes": scanned.bytes, "changed": scanned.changed, "digest": scanned.digest}
    row["reason"] = scanned.reason
    for part, names in ((scanned.facts, (*_NUMBERS[2:], *_WORDS)), (scanned.measures, (*_MEASURES, "signature"))):
        row |= {name: getattr(part, name) for name in names} if part else {}
    return row


def _scanned(row: Mapping[str, Any]) -> Scanned:
    facts = measures = None
    if not row["reason"]:
        facts = ImageFacts(**{name: row[name] for name in (*_NUMBERS[2:], *_WORDS)})
        measures = Measures(**{name: row[name] for name in (*_MEASURES, "signature")})
    return Scanned(row["bytes"], row["changed"], row["digest"], facts, measures, row["reason"])


@contextmanager
def _on_disk(contents: Sequence[bytes | ImageError]) -> Iterator[list[Path | str]]:
    """Files with these contents, or the reason why there is none: a scan takes files."""
    with tempfile.TemporaryDirectory(prefix="pawlab-") as folder:
        files: list[Path | str] = []
        for number, content in enumerate(contents):
            file = Path(folder) / str(number)
            if isinstance(content, bytes):
                file.write_bytes(content)
            files.append(file if isinstance(content, bytes) else content.received)
        yield files
