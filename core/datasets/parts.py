"""A folder of features (`core.storage.parts`) as a dataset: its records are the rows, and its images, where they are
still there, lie where they were when the features were computed."""

from pathlib import Path

from core.datasets.layout import Layout
from core.datasets.records import ImageRecord
from core.errors import DatasetError, InputError
from core.storage.parts import PartsFolder, finished
from core.storage.places import is_place_address

COLUMNS = ("path", "label", "split", "digest", "reason", "copy")


def read_feature_records(text: str) -> tuple[Layout, list[ImageRecord]]:
    """The layout, without its files, and a record for each image. Reads no feature.

    Args:
        text: The folder's path or address.

    Raises:
        DatasetError: It holds no features, or is unfinished.
        PawlabError: A part cannot be read.
    """
    folder = PartsFolder(text)
    try:
        manifest = finished(folder, "features")
    except InputError as error:
        raise DatasetError(error.received, error.expected, error.fix) from error
    records = []
    for key in sorted(folder.part_keys()):
        columns = folder.read(key, COLUMNS).to_pydict()
        for path, label, split, digest, reason, copy in zip(*(columns[name] for name in COLUMNS), strict=True):
            if not copy:
                records.append(ImageRecord(path, split, label, digest, reason=reason))
    classes = manifest.classes or tuple(sorted({record.label for record in records if not record.reason}))
    if len({record.path for record in records}) != len(records):
        raise DatasetError(f"{text} has two rows for one path", "one for each image")
    return Layout(image_folder(text), classes, ()), records


def image_folder(text: str) -> Path:
    """Where the images of a folder of features lie: the folder itself, which has none, if that is an address.

    Raises:
        InputError: It is no folder of parts.
    """
    root = PartsFolder(text).manifest().root
    return Path(text if not root or is_place_address(root) else root)
