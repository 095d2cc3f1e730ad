"""Settings with a name and the last ones, on disk."""

import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from core.augmentation import PRESETS, AugmentationConfig
from core.augmentation.store import LONGEST_NAME, MOST_NAMES, Store
from core.errors import ConfigError, PawlabError

GENTLE, STRONG = PRESETS["gentle"], PRESETS["strong"]
NAMES = [
    "my settings",
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "C:\\Windows\\con.txt",
    "last",
    "last.json",
    'a/b\\c:d*e?f"g<h>i|j',
    "سگ و گربه",
    "👩‍🔬 🐱",
    "x" * LONGEST_NAME,
    "🐶" * LONGEST_NAME,
    "$(rm -rf ~)",
    "<script>alert(1)</script>",
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_is_kept_as_it_is_and_never_becomes_a_path(store: Store, name: str) -> None:
    assert store.save(name, STRONG) == name
    assert store.names() == [name]
    assert store.open(name) == STRONG
    (file,) = (path for path in store.folder.parent.rglob("*") if path.is_file())
    assert file.parent == store.folder
    assert file.stem.isalnum() and file.stem.isascii() and len(file.name) < 60
    store.delete(name)
    assert store.names() == []


def test_all_names_live_beside_each_other_in_alphabetical_order(store: Store) -> None:
    for name in NAMES:
        store.save(name, GENTLE)
    assert store.names() == sorted(NAMES, key=str.casefold)


@pytest.mark.parametrize("name", ["", "  \n ", "x" * (LONGEST_NAME + 1), "x" * 10_000_000, "\ud800"], ids=len)
def test_names_that_are_empty_too_long_or_no_text_are_refused(store: Store, name: str) -> None:
    for act in (lambda: store.save(name, GENTLE), lambda: store.open(name), lambda: store.delete(name)):
        with pytest.raises(ConfigError, match="Expected") as caught:
            act()
        assert len(str(caught.value)) < 300
    assert not store.folder.exists()


def test_the_same_name_is_overwritten_however_it_is_spelled(store: Store) -> None:
    store.save("Ausflug am Cafe\u0301", GENTLE)
    assert store.save("  Ausflug  am\tCaf\u00e9 ", STRONG) == "Ausflug am Caf\u00e9"
    assert store.names() == ["Ausflug am Caf\u00e9"]
    assert store.open("Ausflug am Cafe\u0301") == STRONG


def test_what_was_never_saved_is_refused_with_what_there_is(store: Store) -> None:
    with pytest.raises(ConfigError, match="No settings are saved as 'a'"):
        store.open("a")
    store.save("b", GENTLE)
    with pytest.raises(ConfigError, match="one of b"):
        store.open("a")
    store.delete("a")
    store.delete("b")
    store.delete("b")
    assert store.names() == []


def broken(content: bytes | dict[str, Any]) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


BROKEN = [
    b"",
    b"\xff\xfe",
    b'{"name": "good", "settings": {"rotation_range": 30',
    b"[" * 60_000,
    b" " * 10_000_000,
    {"name": "broken", "settings": {"rotation_range": 1000}},
    {"name": "broken", "settings": {"no such": 1}},
    {"name": "broken", "settings": []},
    {"name": "broken"},
    [],
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_does_not_break_the_others(store: Store, content: Any) -> None:
    for name in ("good", "broken"):
        store.save(name, GENTLE)
    store._path("broken").write_bytes(broken(content))
    assert store.names() == ["good"]
    assert store.open("good") == GENTLE
    with pytest.raises(ConfigError):
        store.open("broken")
    store.save("broken", STRONG)
    assert store.open("broken") == STRONG


def test_files_that_the_store_did_not_write_are_not_listed(store: Store, tmp_path: Path) -> None:
    store.save("good", GENTLE)
    shutil.copy(store._path("good"), store.folder / "copy of good.json")
    (store.folder / "folder.json").mkdir()
    (store.folder / "dangling.json").symlink_to(tmp_path / "nowhere")
    os.mkfifo(store.folder / "pipe.json")  # reading one waits for ever
    (store.folder / "name.json").write_text(json.dumps({"name": ["good"], "settings": {}}))
    (store.folder / "half.json").write_text(json.dumps({"name": "\ud800", "settings": {}}))
    assert store.names() == ["good"]


def test_only_so_many_are_kept(store: Store) -> None:
    store.remember(STRONG)
    for number in range(MOST_NAMES):
        store.save(f"{number}", GENTLE)
    with pytest.raises(ConfigError, match="Delete one"):
        store.save("one more", GENTLE)
    store.save("7", STRONG)
    assert store.open("7") == STRONG


def test_the_last_settings_survive_a_restart_and_are_no_named_ones(store: Store) -> None:
    assert store.last() == AugmentationConfig()
    store.remember(STRONG)
    assert Store(store.folder).last() == STRONG
    assert store.names() == []
    store.remember(AugmentationConfig())
    assert store.last() == AugmentationConfig()


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_broken_last_settings_are_the_default_and_can_be_replaced(store: Store, content: Any) -> None:
    store.remember(STRONG)
    (store.folder / "last.json").write_bytes(broken(content))
    assert store.last() == AugmentationConfig()
    store.remember(GENTLE)
    assert store.last() == GENTLE


def test_remembering_the_same_again_writes_nothing(store: Store) -> None:
    store.remember(STRONG)
    before = (store.folder / "last.json").stat()
    store.remember(STRONG)
    after = (store.folder / "last.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_reader_and_writer_at_once_see_whole_settings_only(store: Store) -> None:
    done, read = threading.Event(), set()
    store.save("shared", GENTLE)

    def write() -> None:
        for turn in range(200):
            store.save("shared", (GENTLE, STRONG)[turn % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        read.add(store.open("shared"))
    writer.join()
    assert read <= {GENTLE, STRONG}


def test_the_default_folder_is_below_home_and_looking_makes_none(pawlab_home: Path) -> None:
    store = Store()
    assert store.folder == pawlab_home / "augmentations"
    assert store.names() == [] and store.last() == AugmentationConfig()
    assert not pawlab_home.exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "store")
    for act in (lambda: store.save("a", GENTLE), lambda: store.remember(GENTLE)):
        with pytest.raises(PawlabError, match="Cannot write"):
            act()
