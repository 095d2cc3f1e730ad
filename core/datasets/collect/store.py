"""Which collections there are: made, opened by name, renamed, deleted."""

import secrets
import shutil
from contextlib import ExitStack

from core.datasets.collect.cards import visible_names
from core.datasets.collect.collection import STALE_SECONDS, Collection
from core.datasets.collect.journal import HIDDEN, Journal
from core.datasets.collect.places import collection_folder, collections_folder, lock, new_name, storing
from core.datasets.edits.sidecar import edits_file
from core.errors import DatasetError
from core.storage.files import atomic_folder, drop_unfinished, stamp_of
from core.text.lines import quoted


def collections() -> tuple[str, ...]:
    """The names of the collections, the one that was changed last first."""
    folder = collections_folder()
    names = [name for name in visible_names(folder) if collection_folder(name)]
    return tuple(sorted(names, key=lambda name: (stamp_of(folder / name / HIDDEN / "changes"), name), reverse=True))


def create_collection(name: str) -> Collection:
    """A new collection without classes. Its name may differ from `name` where no folder can be called so.

    Raises:
        DatasetError: There is one of this name, in whatever case.
        PawlabError: The disk is full or cannot be written.
    """
    folder = collections_folder()
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        drop_unfinished(folder, seconds=STALE_SECONDS)
        with lock(""):
            name = new_name(name, visible_names(folder), "collection")
            with atomic_folder(folder / name) as temporary:
                Journal(temporary).write_classes(())
    return Collection(name, folder / name)


def open_collection(name: str) -> Collection:
    """The collection of this name, which may come from a stranger.

    Raises:
        DatasetError: There is none.
    """
    folder = collection_folder(name)
    if folder is None:
        raise DatasetError(
            f"There is no collection {quoted(name)}",
            f"one of {', '.join(collections()[:10]) or 'none yet'}",
            "Choose another one, or make it on the page Collect",
        )
    collection = Collection(name, folder)
    collection.recover()
    return collection


def rename_collection(name: str, new: str) -> Collection:
    """Gives a collection another name; its edits go with it. Raises as `create_collection`, and where there is none."""
    collection, folder = open_collection(name), collections_folder()
    with ExitStack() as stack:
        stack.enter_context(storing(collection.root))
        stack.enter_context(lock(""))
        stack.enter_context(collection.changing())
        new = new_name(new, (other for other in visible_names(folder) if other != name), "collection")
        if new != name:
            edits = edits_file(collection.root.resolve())
            collection.root.rename(folder / new)
            if edits.is_file():
                edits.replace(edits_file((folder / new).resolve()))
    return Collection(new, folder / new)


def delete_collection(name: str) -> None:
    """Removes a collection with all its images. Cannot be undone.

    Raises:
        DatasetError: There is none.
        PawlabError: The disk refuses it.
    """
    collection = open_collection(name)
    gone = collections_folder() / f".deleted.{secrets.token_hex(4)}.tmp"
    with collection.changing():
        collection.root.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
