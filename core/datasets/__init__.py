"""Labelled pictures from a folder, a zip or the drawn sample: read, checked, split, edited and fingerprinted."""

from core.datasets.edits import Edits
from core.datasets.records import SPLITS, Dataset, ImageRecord
from core.datasets.sources import open_dataset

__all__ = ["SPLITS", "Dataset", "Edits", "ImageRecord", "open_dataset"]
