"""A folder on this machine or at an address that pyarrow opens (`s3://`, `gs://`, `file://`): read, listed, and written
so that a reader sees a file whole or not at all.

Credentials are those of the environment (`AWS_ACCESS_KEY_ID` and so on), never part of an address.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from core.errors import ConfigError, PawlabError
from core.storage.files import write_atomic
from core.text.file_names import is_ignored
from core.text.lines import error_line

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_place_address(text: str) -> bool:
    """True for an address that a file system of pyarrow may open; web addresses are another matter (`core.net`)."""
    return _ADDRESS.match(text) is not None and not text.lower().startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a listing shows it: its path below the place, its size in bytes and its time of change, nanoseconds."""

    path: str
    size: int
    changed: int


class Place:
    """A folder by its path or address. Errors of its storage are `PawlabError`, where it is no local one `OSError`."""

    def __init__(self, text: str) -> None:
        """Opens nothing yet.

        Raises:
            ConfigError: The address holds a password, or no file system is known for it.
        """
        self.text, self.is_remote = text, is_place_address(text)
        if not self.is_remote:
            self._root, self._files = str(Path(text).absolute()), None
            return
        self._files, self._root = open_address(text)

    def file(self, name: str) -> str:
        """The path or address of a file in it, which `read_place` reads."""
        if not self.is_remote:
            return f"{self._root}/{name}"
        address, question, query = self.text.partition("?")
        return f"{address.rstrip('/')}/{quote(name)}{question}{query}"

    def read(self, name: str) -> bytes:
        """Raises FileNotFoundError, OSError."""
        with self.open(name) as file:
            content: bytes = file.read()
            return content

    def open(self, name: str) -> Any:
        """A file in it, for reading here and there. Raises FileNotFoundError, OSError."""
        if self._files is None:
            import pyarrow as pa

            # No file of Python's: threads of Arrow may let go of its bytes when the interpreter has ended already.
            return pa.OSFile(f"{self._root}/{name}", "rb")
        return self._files.open_input_file(f"{self._root}/{name}")

    def write(self, name: str, content: bytes) -> None:
        """A file in it, whole or not at all: under a temporary name first; object storage does so by itself.

        Raises:
            OSError: The disk is full, or the place cannot be written.
        """
        if self._files is None:
            Path(self._root).mkdir(parents=True, exist_ok=True)
            write_atomic(Path(self._root, name), content)
            return
        if self._files.type_name == "local":
            self._files.create_dir(self._root, recursive=True)
            write_atomic(Path(self._root, name), content)
            return
        with self._files.open_output_stream(f"{self._root}/{name}") as file:
            file.write(content)

    def remove(self, name: str) -> None:
        if self._files is None:
            Path(self._root, name).unlink(missing_ok=True)
        else:
            self._files.delete_file(f"{self._root}/{name}")

    def names(self) -> list[str]:
        """Of the files directly in it, sorted; none where there is no such folder."""
        if self._files is None:
            folder = Path(self._root)
            return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        return [info.base_name for info in self._entries(self._root) if info.is_file]

    def walk(self) -> Iterator[Listed]:
        """Every visible file below an address, in the order of the paths, folder by folder: one folder's names are in
        memory at a time.

        Raises:
            PawlabError: It cannot be listed.
        """
        waiting = list(reversed(self._visible(self._root)))
        while waiting:
            info = waiting.pop()
            if info.is_file:
                changed = int(info.mtime_ns or 0)
                yield Listed(info.path[len(self._root) + 1 :], int(info.size or 0), changed)
            else:
                waiting += reversed(self._visible(info.path))

    def _visible(self, folder: str) -> list[Any]:
        try:
            entries = [info for info in self._entries(folder) if not is_ignored(info.base_name)]
        except OSError as error:
            raise PawlabError(
                f"{self.text} cannot be listed: {error_line(error)}",
                "a folder at an address that may be read",
                "Check the address, and the credentials in the environment",
            ) from error
        return sorted(entries, key=lambda info: info.base_name if info.is_file else f"{info.base_name}/")

    def _entries(self, folder: str) -> list[Any]:
        from pyarrow.fs import FileSelector

        assert self._files is not None
        return sorted(
            self._files.get_file_info(FileSelector(folder, allow_not_found=True)), key=lambda info: info.base_name
        )


def open_address(address: str) -> tuple[Any, str]:
    """pyarrow's file system for an address, and the path there.

    Raises:
        ConfigError: As `Place`.
    """
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem

    if "@" in urlsplit(address).netloc:
        raise ConfigError(
            f"Received an address with a password: {urlsplit(address).scheme}://…",
            "credentials in the environment, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    try:
        files, path = FileSystem.from_uri(address)
    except (ArrowException, OSError, ValueError) as error:
        raise ConfigError(
            f"{address} cannot be opened: {error_line(error)}",
            "an address such as s3://bucket/folder or file:///folder",
        ) from error
    return files, path.rstrip("/")
