"""Settings that the user gave a name, and those that were used last: JSON files that a reload and a restart find.

A name may hold anything, a path among it: it is kept inside the file, whose own name is a digest of it.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.augmentation.settings import AugmentationConfig
from core.augmentation.sharing import MOST_BYTES
from core.errors import ConfigError, PawlabError
from core.files import write_json
from core.home import home

LONGEST_NAME = 100  # characters
MOST_NAMES = 200
LAST = "last.json"


def default_folder() -> Path:
    """Where the app keeps settings: a folder below `home()`, made by the first save."""
    return home() / "augmentations"


@dataclass(frozen=True)
class Store:
    """The settings in one folder. Any number of processes may read and write it: a file is replaced as a whole.

    Args:
        folder: Made when it is first written to.
    """

    folder: Path = field(default_factory=default_folder)

    def save(self, name: str, config: AugmentationConfig) -> str:
        """Keeps `config` under `name`, in place of what had that name; gives the name as it is listed.

        Spaces in front, at the end and in a row do not tell names apart, nor do Unicode's two spellings of a letter.

        Raises:
            ConfigError: The name is empty, too long or not text, or 200 settings are kept already.
            PawlabError: The file cannot be written.
        """
        name = _checked(name)
        path = self._path(name)
        if not path.exists() and sum(file.name != LAST for file in self.folder.glob("*.json")) >= MOST_NAMES:
            raise ConfigError(f"{MOST_NAMES} settings are kept already", fix="Delete one, or save under its name")
        self._write(path, {"name": name, "settings": config.model_dump(mode="json")})
        return name

    def names(self) -> list[str]:
        """The names of all settings that can be opened, in alphabetical order; broken files are passed over."""
        return sorted(self._readable_names(), key=lambda name: (name.casefold(), name))

    def open(self, name: str) -> AugmentationConfig:
        """The settings kept under `name`. Raises `ConfigError` where there are none or their file is broken."""
        name = _checked(name)
        path = self._path(name)
        if not path.exists():
            known = ", ".join(self.names()[:10])
            raise ConfigError(f"No settings are kept under the name {name!r}", f"one of {known}" if known else "")
        return _settings_in(path)

    def delete(self, name: str) -> None:
        """Forgets the settings under `name`; nothing happens where another tab did so before. Raises `PawlabError`."""
        path = self._path(_checked(name))
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise PawlabError(f"Cannot delete {path}: {error.strerror}", fix="Check the folder's permissions") from None

    def remember(self, config: AugmentationConfig) -> None:
        """Makes `config` what `last` gives. Cheap to call each time a page is drawn. Raises `PawlabError`."""
        if self.last() != config:
            self._write(self.folder / LAST, {"settings": config.model_dump(mode="json")})

    def last(self) -> AugmentationConfig:
        """The settings that were remembered last; `AugmentationConfig()` where there are none or they are broken."""
        try:
            return _settings_in(self.folder / LAST)
        except ConfigError:
            return AugmentationConfig()

    def _readable_names(self) -> Iterator[str]:
        for path in self.folder.glob("*.json"):
            try:
                name = _content(path).get("name")
                _settings_in(path)
                # A copy made by hand, under another file name, would be listed twice and not be found by its name.
                if isinstance(name, str) and name == _checked(name) and path == self._path(name):
                    yield name
            except ConfigError:
                continue

    def _path(self, name: str) -> Path:
        return self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(path, content)
        except OSError as error:
            received = f"Cannot write {path}: {error.strerror}"
            raise PawlabError(received, fix="Make room on the disk, or permit it") from None


def _checked(name: str) -> str:
    if len(name) > 10 * LONGEST_NAME:
        raise ConfigError(f"Received a name of {len(name):,} characters", f"{LONGEST_NAME} or fewer")
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or len(name) > LONGEST_NAME:
        received = f"Received a name of {len(name):,} characters" if name else "Received an empty name"
        raise ConfigError(received, f"1 to {LONGEST_NAME} characters")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"Received the name {name!a}, which holds half a character", "whole characters") from None
    return name


def _settings_in(path: Path) -> AugmentationConfig:
    settings = _content(path).get("settings")
    if not isinstance(settings, dict):
        raise ConfigError(f"{path.name} holds no settings", fix="Delete it, or save the settings again")
    return AugmentationConfig.create(settings)


def _content(path: Path) -> dict[str, Any]:
    """What a file holds. Raises `ConfigError` where that is no JSON object of 64 KiB or less."""
    try:
        if not path.is_file():
            raise ConfigError(f"{path.name} is not a file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        value = json.loads(content) if len(content) <= MOST_BYTES else None
    except (OSError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ConfigError(f"{path.name} is broken", "JSON of 64 KiB or less", "Delete it, or save the settings again")
    return value
