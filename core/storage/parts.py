"""A folder of Parquet parts that many processes fill: each part whole or not at all, its name the key of what went in.

Beside the parts lies `manifest.json`: what every row depends on, who computed it, and, once nothing is missing, the
counts. A folder without these counts is unfinished, and is resumed.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from core.errors import InputError, PawlabError
from core.storage.files import drop_unfinished
from core.storage.models import parse_model
from core.storage.places import Place

MANIFEST = "manifest.json"
FAILED = b"failed"
"""Under this name a part notes how many of its rows have a reason."""
_PART = re.compile(r"[0-9a-f]{32}\.parquet")
Kind = Literal["features", "predictions", "scan"]


class Manifest(BaseModel):
    """What is in a folder of parts.

    Attributes:
        settings: What the rows depend on beside the images.
        source: Where the images come from, as it was given.
        root: The folder or address that paths are relative to; "" where they are whole.
        classes: Of the dataset, or those that a run predicts.
        probe: The digest of what the first worker made of one small image that all get: workers that make something
            else of it are of another kind, and are refused.
        processor: Of that worker, in words.
        parts, images, failed: Counts of the whole, or None while something is missing. `failed` are rows with a reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    version: int
    settings: dict[str, Any]
    source: str
    root: str = ""
    classes: tuple[str, ...] = ()
    probe: str = ""
    processor: str = ""
    parts: int | None = None
    images: int | None = None
    failed: int | None = None


class PartsFolder:
    """The folder by its path or address."""

    def __init__(self, text: str) -> None:
        self.place = Place(text)

    def part_keys(self) -> set[str]:
        """Of the parts that are there, finished or not."""
        return {name.removesuffix(".parquet") for name in self.place.names() if _PART.fullmatch(name)}

    def is_empty(self) -> bool:
        return not self.place.names()

    def manifest(self) -> Manifest:
        """Raises `InputError`: the folder holds none, or one that Pawlab did not write."""
        try:
            return parse_model(self.place.read(MANIFEST), Manifest, MANIFEST)
        except FileNotFoundError:
            received = f"{self.place.text} holds no {MANIFEST}"
        except (OSError, ValueError) as error:
            received = f"{self.place.text} is broken: {error}"
        raise InputError(received, "a folder that `features`, `classify --out` or `scan --out` wrote") from None

    def drop_unfinished(self) -> None:
        """Removes what killed writers left; one that is alive needs seconds for a part."""
        if not self.place.is_remote:
            drop_unfinished(Path(self.place.text), "*.parquet", seconds=600)

    def write_manifest(self, manifest: Manifest) -> None:
        self.place.write(MANIFEST, manifest.model_dump_json(indent=2).encode())

    def write(self, key: str, content: bytes) -> None:
        """A part. Raises OSError."""
        self.place.write(f"{key}.parquet", content)

    def remove(self, key: str) -> None:
        self.place.remove(f"{key}.parquet")

    def read(self, key: str, columns: Sequence[str] | None = None) -> Any:
        """A part as a pyarrow table: some of its columns, or all.

        Raises:
            PawlabError: It is not whole.
        """
        with self._opened(key) as file:
            return file.read(columns, use_threads=False)

    def failed(self, key: str) -> int:
        """How many rows of a part have a reason: from its end, where its writer noted it. Raises as `read`."""
        with self._opened(key) as file:
            return int(file.schema_arrow.metadata[FAILED])

    @contextmanager
    def _opened(self, key: str) -> Iterator[Any]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with self.place.open(f"{key}.parquet") as source, pq.ParquetFile(source, pre_buffer=False) as file:
                yield file
        except (OSError, pa.ArrowException, KeyError, TypeError) as error:
            raise PawlabError(
                f"The part {key}.parquet of {self.place.text} cannot be read: {error}",
                "a part as Pawlab wrote it",
                "Delete it, and run the same command with --resume",
            ) from error


def finished(folder: PartsFolder, kind: Kind) -> Manifest:
    """The manifest of a folder of that kind in which nothing is missing.

    Raises:
        InputError: It is another one, or unfinished.
    """
    manifest = folder.manifest()
    if manifest.kind != kind:
        raise InputError(f"{folder.place.text} holds {manifest.kind}", f"a folder of {kind}")
    if manifest.parts is None or len(folder.part_keys()) != manifest.parts:
        raise InputError(
            f"{folder.place.text} is not finished: {len(folder.part_keys())} parts are there",
            f"{manifest.parts} parts" if manifest.parts is not None else "a folder in which nothing is missing",
            "Run the command that began it again, with --resume",
        )
    return manifest
