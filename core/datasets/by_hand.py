"""Images that a person labels: every image below a folder, whatever its folders are called."""

from pathlib import Path

from core.datasets.layout import Layout, files_below, is_image_name
from core.datasets.records import UNLABELLED


def find_images(folder: Path) -> Layout:
    """All files below `folder` that are named like images, without a class and a split. A folder that cannot be listed
    is a file with a problem."""
    root = folder.resolve()
    files = (file for file in files_below(root, root, "", UNLABELLED) if file.problem or is_image_name(file.path))
    return Layout(root, (), tuple(sorted(files, key=lambda file: file.path)))
