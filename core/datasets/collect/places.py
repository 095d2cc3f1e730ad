"""Where collections lie, which names they and their classes may have, and who may change one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.datasets.names import CLASS_BYTES, CLASS_CHARACTERS
from core.errors import DatasetError, PawlabError
from core.storage import locks
from core.storage.home import home
from core.text.file_names import file_name, folded
from core.text.lines import one_line, quoted


def collections_folder() -> Path:
    """The folder of all collections, whether or not it exists."""
    return home() / "collections"


def collection_folder(name: str) -> Path | None:
    """Where the collection of this name lies; None where there is none. Whatever the name is, the folder is one
    directly in `collections_folder()` and no link."""
    if not name or folder_name(name) != name:
        return None
    folder = collections_folder() / name
    return folder if is_real_folder(folder) else None


def is_real_folder(folder: Path) -> bool:
    """Whether it is a folder and no link to one."""
    try:
        return folder.is_dir() and not folder.is_symlink()
    except (OSError, ValueError):  # a name too long, a NUL
        return False


def folder_name(text: str) -> str:
    """What a user typed as every file system takes it (`file_name`), at most 100 characters; the same when asked
    again."""
    name = file_name(one_line(text, CLASS_CHARACTERS), CLASS_BYTES, fallback="")
    return file_name(name[:CLASS_CHARACTERS], CLASS_BYTES, fallback="")  # it may have gained a character in front


def new_name(text: str, taken: Iterable[str], what: str) -> str:
    """`folder_name(text)` for a new folder beside those of `taken`.

    Args:
        what: "collection" or "class", for the message.

    Raises:
        DatasetError: Nothing of it is left, or it differs from one of them in case alone, or not at all.
    """
    name = folder_name(text)
    if not name:
        raise DatasetError(f"Received {quoted(text)} as the name of a {what}", "a name with a letter or a digit")
    for other in taken:
        if folded(other) == folded(name):
            raise DatasetError(f"There is a {what} called {other} already", "another name", "Choose another name")
    return name


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Holds the lock of the collection of this name, whether or not there is one; of "", that of all names.

    Raises:
        PawlabError: Another process held it for half a minute.
    """
    folder = collections_folder() / ".locks"  # not in the collection, which may be renamed meanwhile
    folder.mkdir(parents=True, exist_ok=True)
    with locks.locked(folder / f"{name}.lock"):
        yield


@contextmanager
def storing(folder: Path) -> Iterator[None]:
    """Says in words what the disk refuses during the block.

    Raises:
        PawlabError: It is full, or cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise PawlabError(
            f"The collection in {folder} cannot be changed: {error.strerror or error}",
            "a folder that can be written, with room on the disk",
            "Make room or check the permissions, then try again: what was kept before is there",
        ) from error
