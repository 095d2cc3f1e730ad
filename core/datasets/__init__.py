"""Labelled pictures from a folder, a zip or the drawn sample: read, checked, split and fingerprinted."""

from core.datasets.records import SPLITS, Dataset, ImageRecord
from core.datasets.sources import open_dataset

__all__ = ["SPLITS", "Dataset", "ImageRecord", "open_dataset"]
