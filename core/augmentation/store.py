"""Settings that the user has named, and those used last: JSON files that survive a reload and a restart.

A name may be any text, even a path: it is kept inside the file, whose own name is a digest of it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from core.augmentation.settings import AugmentationConfig
from core.augmentation.sharing import MOST_BYTES
from core.errors import ConfigError, PawlabError
from core.storage.files import write_json
from core.storage.home import home
from core.storage.models import load_model
from core.text.lines import one_line

LONGEST_NAME = 100  # characters
MOST_NAMES = 200
LAST = "last.json"


def default_folder() -> Path:
    """Where the app keeps settings: a folder below `home()`, made by the first save."""
    return home() / "augmentations"


class SavedSettings(BaseModel):
    """What a file holds; `name` is "" for the settings used last."""

    name: str = ""
    settings: AugmentationConfig


@dataclass(frozen=True)
class Store:
    """The settings in one folder. Any number of processes may read and write it: a file is replaced as a whole.

    Args:
        folder: Made when it is first written to.
    """

    folder: Path = field(default_factory=default_folder)

    def save(self, name: str, config: AugmentationConfig) -> str:
        """Saves `config` as `name`, replacing what had that name, and returns the name as it is listed.

        Names are compared as `one_line` writes them: without surrounding spaces, in Unicode's composed form.

        Raises:
            ConfigError: The name is empty or too long, or there are 200 saved settings already.
            PawlabError: The file cannot be written.
        """
        name = _checked(name)
        path = self._path(name)
        if not path.exists() and sum(file.name != LAST for file in self.folder.glob("*.json")) >= MOST_NAMES:
            raise ConfigError(f"There are {MOST_NAMES} saved settings already", fix="Delete one, or save over it")
        self._write(path, SavedSettings(name=name, settings=config))
        return name

    def names(self) -> list[str]:
        """The names of all settings that can be opened, in alphabetical order; broken files are skipped."""
        return sorted(self._readable_names(), key=lambda name: (name.casefold(), name))

    def open(self, name: str) -> AugmentationConfig:
        """The settings saved as `name`. Raises `ConfigError` where there are none or their file is broken."""
        name = _checked(name)
        path = self._path(name)
        if not path.exists():
            known = ", ".join(self.names()[:10])
            raise ConfigError(f"No settings are saved as {name!r}", f"one of {known}" if known else "")
        return _read(path).settings

    def delete(self, name: str) -> None:
        """Deletes the settings saved as `name`, unless another tab has already done so. Raises `PawlabError`."""
        path = self._path(_checked(name))
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise PawlabError(f"Cannot delete {path}: {error.strerror}", fix="Check the folder's permissions") from None

    def remember(self, config: AugmentationConfig) -> None:
        """Makes `config` what `last` returns. Cheap enough to call each time a page is drawn. Raises `PawlabError`."""
        if self.last() != config:
            self._write(self.folder / LAST, SavedSettings(settings=config))

    def last(self) -> AugmentationConfig:
        """The settings remembered last; `AugmentationConfig()` where there are none or they are broken."""
        try:
            return _read(self.folder / LAST).settings
        except ConfigError:
            return AugmentationConfig()

    def _readable_names(self) -> Iterator[str]:
        for path in self.folder.glob("*.json"):
            try:
                name = _read(path).name
                # A copy made by hand, under another file name, would be listed twice and not be found by its name.
                if name == _checked(name) and path == self._path(name):
                    yield name
            except ConfigError:
                continue

    def _path(self, name: str) -> Path:
        return self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"

    def _write(self, path: Path, saved: SavedSettings) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(path, saved.model_dump(mode="json"))
        except OSError as error:
            received = f"Cannot write {path}: {error.strerror}"
            raise PawlabError(received, fix="Free some disk space, or check the folder's permissions") from None


def _checked(name: str) -> str:
    if len(name) > 10 * LONGEST_NAME:
        raise ConfigError(f"Received a name of {len(name):,} characters", f"{LONGEST_NAME} or fewer")
    name = one_line(name)
    if not name or len(name) > LONGEST_NAME:
        received = f"Received a name of {len(name):,} characters" if name else "Received an empty name"
        raise ConfigError(received, f"1 to {LONGEST_NAME} characters")
    return name


def _read(path: Path) -> SavedSettings:
    """What a file holds. Raises `ConfigError` where those are no settings."""
    fix = "Delete it, or save the settings again"
    if not path.is_file():  # opening a pipe would wait for ever
        raise ConfigError(f"{path.name} is not a file", "a file of saved settings", fix)
    try:
        return load_model(path, SavedSettings, max_bytes=MOST_BYTES)
    except (OSError, ValueError) as error:
        raise ConfigError(f"The saved settings are broken: {error}", "a file that Pawlab wrote", fix) from None
