"""Where a dataset comes from: what a user gives, resolved once into a value that every later step takes."""

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from core.datasets.collect.places import collection_folder, collections_folder
from core.datasets.public import CATS_AND_DOGS, cats_and_dogs
from core.errors import DatasetError
from core.net.addresses import is_address, shown
from core.storage.home import home
from core.storage.places import is_place_address
from core.text.lines import one_line

SAMPLE = "sample"
FLAWED_SAMPLE = "flawed_sample"
SHORTCUT_SAMPLE = "shortcut_sample"
DRAWN = {
    SAMPLE: "Drawn sample",
    FLAWED_SAMPLE: "Drawn sample with planted mistakes",
    SHORTCUT_SAMPLE: "Drawn sample with a shortcut",
}
"""Datasets that Pawlab draws, with their titles: what is said of photos does not hold for them."""
WORDS = (*DRAWN, CATS_AND_DOGS)
"""Sources that mean the same on every machine."""
BY_NAME = "by-name:"
"""Before a source: the class of a file stands in its name (`core.datasets.named_files`), not in that of its folder."""
BY_HAND = "by-hand:"
"""Before a source: a person gives the classes (`core.datasets.by_hand`), whatever folders are called."""
FEATURES = "features:"
"""Before the path or address of a folder of features (`core.datasets.parts`)."""
_KEY = re.compile(r"#zip-([0-9a-f]{20})\Z")


@dataclass(frozen=True)
class Source:
    """Where a dataset comes from; two are equal when their text is.

    Attributes:
        text: What is shown, stored and recorded; it holds no secret. `resolve_source(text)` gives an equal source.
        kind: "sample", "public" (a dataset that others publish), "folder", "zip", "web" (a zip at an address), or
            "features" (a folder of features, of images that may lie anywhere).
        name: What the dataset is called.
        path: The folder or the zip; for "public" and "web", where the zip lies once it is downloaded, which its address
            decides. Means nothing for the sample.
        url: Where "public" and "web" are downloaded from. May hold a password or a token, so it is never shown; "" if
            only the part without secrets is known.
        by_name: Whether classes come from the names of files (`BY_NAME`).
        by_hand: Whether they come from a person (`BY_HAND`).
        may_change: Whether it lies among the user's own files, which come and go, or is a collection, which grows.
            Pawlab's own copies stay.
    """

    text: str
    kind: Literal["sample", "public", "folder", "zip", "web", "features"] = field(compare=False)
    name: str = field(compare=False)
    path: Path = field(default=Path(), compare=False)
    url: str = field(default="", compare=False, repr=False)
    may_change: bool = field(default=False, compare=False)
    by_name: bool = field(default=False, compare=False)
    by_hand: bool = field(default=False, compare=False)

    @property
    def title(self) -> str:
        """The name as a heading shows it."""
        return DRAWN.get(self.text, self.name)

    @property
    def readable(self) -> str:
        """The title as words, for the names of runs: "Cats and dogs"."""
        words = (self.text if self.kind == "public" else self.title).replace("_", " ").strip()
        return words[:1].upper() + words[1:]

    @property
    def shown(self) -> str:
        """What a message calls it: no path of Pawlab's own copies, which say nothing to anybody."""
        is_copy = self.kind in {"folder", "zip"} and not self.may_change
        return self.name if is_copy else self.files

    @property
    def files(self) -> str:
        """The text without `BY_NAME`, `BY_HAND` or `FEATURES`: where the files are, whoever says their classes."""
        return self.text.removeprefix(BY_NAME).removeprefix(BY_HAND).removeprefix(FEATURES)

    @property
    def is_remote(self) -> bool:
        """Whether it is downloaded."""
        return self.kind in {"public", "web"}

    def marked(self, mark: str) -> "Source":
        """The same files with `BY_NAME` or `BY_HAND`, instead of another mark."""
        return replace(self, text=mark + self.files, by_name=mark == BY_NAME, by_hand=mark == BY_HAND)


def resolve_source(source: str | Path | Source) -> Source:
    """What a user gives as a value. Reads no file; whether there is a dataset shows when it is opened.

    Args:
        source: "sample", "flawed_sample", "shortcut_sample", "cats_and_dogs", an http(s) address, the name of a
            collection, else a path, perhaps with ~; each may follow `BY_NAME` or `BY_HAND`. Or a folder of features
            behind `FEATURES`. What lies at a path comes before a collection of that name. A `Path` is always a path: a
            folder that is called sample is `Path("sample")` or "./sample".

    Raises:
        DatasetError: The text is empty.

    Example:
        >>> resolve_source("https://example.org/pets.zip?token=secret").name
        'pets'
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, str) and source.startswith((BY_NAME, BY_HAND)):
        mark = BY_NAME if source.startswith(BY_NAME) else BY_HAND
        files = resolve_source(source.removeprefix(mark))
        return files if files.by_name or files.by_hand else files.marked(mark)
    if isinstance(source, str) and source.startswith(FEATURES):
        return _features(source.removeprefix(FEATURES))
    if isinstance(source, str) and source in DRAWN:
        return Source(source, "sample", source)
    if source == CATS_AND_DOGS:
        known = cats_and_dogs()
        return Source(CATS_AND_DOGS, "public", known.name, _download(known.url), known.url)
    if isinstance(source, str) and is_address(source):
        url = "" if _KEY.search(source) else source
        return Source(_without_secrets(source), "web", address_name(source), _download(source), url)
    if source == "":
        raise nothing_at(source)
    return _local(_collection(source) or source)


def typed_path(text: str) -> Path:
    """The path that a user typed, perhaps in the quotation marks that file managers copy around it."""
    text = text.strip()
    return Path(text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text)


def typed_dataset(text: str) -> Path:
    """The folder or zip that a user typed, by its path (`typed_path`) or, where nothing lies there, by the name of a
    collection."""
    path = typed_path(text)
    return _collection(str(path)) or path


def address_name(url: str) -> str:
    """What the dataset at an address is called: the zip's name without its ending, else the host."""
    parts = urlsplit(shown(url))
    name = PurePosixPath(unquote(parts.path)).name.removesuffix(".zip")
    return one_line(name, 80) or parts.netloc or "zip"


def nothing_at(text: str) -> DatasetError:
    """The error for a source that does not exist."""
    return DatasetError(
        f"Found no folder and no zip at {text!r}",
        "a folder, a zip, the address of a zip, the name of a collection, 'cats_and_dogs', or one that Pawlab draws: "
        "'sample', 'flawed_sample' or 'shortcut_sample'",
        "Check the path or the name",
    )


def _collection(source: str | Path) -> Path | None:
    """The folder of the collection of this name; None where there is none, or something lies at that path."""
    folder = collection_folder(source) if isinstance(source, str) else None
    return folder if folder and not os.path.lexists(source) else None


def _local(source: str | Path) -> Source:
    try:
        text = str(Path(source).expanduser().absolute())
    except RuntimeError:  # an unknown ~user
        text = str(source)
    path, is_zip = Path(text), False
    with suppress(OSError, ValueError, RuntimeError):  # a NUL, a name too long, links in a circle
        path = path.resolve()
        is_zip = path.is_file()
    name = (path.stem if is_zip else path.name) or text
    is_ours = path.is_relative_to(home().resolve()) and not path.is_relative_to(collections_folder().resolve())
    return Source(text, "zip" if is_zip else "folder", name, path, may_change=not is_ours)


def _features(text: str) -> Source:
    if not is_place_address(text):
        text = str(Path(text).expanduser().absolute())
    name = PurePosixPath(text.partition("?")[0]).name or text
    return Source(FEATURES + text, "features", name, Path(text))


def _without_secrets(url: str) -> str:
    """An address that holds more than a host and a path loses the rest and gains a mark that finds the stored zip.
    Once that zip is gone, the full address must be given again."""
    # A host's capital letters are no secret.
    if _KEY.search(url) or shown(url).casefold() == url.casefold():
        return url
    return f"{shown(url)}#zip-{_key(url)}"


def _download(url: str) -> Path:
    return home() / "downloads" / f"{_key(url)}.zip"


def _key(url: str) -> str:
    mark = _KEY.search(url)
    return mark[1] if mark else hashlib.sha256(url.encode()).hexdigest()[:20]
