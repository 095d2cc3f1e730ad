"""Labelled images: found, scanned, checked, split, edited and fingerprinted.

source      what a user gives (a word, a path, an address), resolved once into a `Source`
loading     from a source to a `Dataset`; opening does the same as a job that pages follow
remote      zips on the web; public names the ones that anybody can open, uploads stores what a browser sends
layout      which files of a folder belong to a dataset; split chooses the validation images
records     `Dataset` and `ImageRecord`; selection filters and sorts them, charts and thumbnails draw them
current     which dataset is open; trainable says whether it can be trained on; names makes names safe as files

scan/       every file decoded once, in parallel, with an index of the results
collect/    datasets that grow under the camera; bursts, which no split parts (groups)
quality/    problems of single files, near-duplicates, leaks, label conflicts: the report
edits/      exclude, relabel, undo; the cleaned zip; corrections from the Classify page
sample/     the drawn sample: cats and dogs by Pillow
"""

from core.datasets.edits.edits import Edits
from core.datasets.loading import open_dataset
from core.datasets.records import SPLITS, Dataset, ImageRecord

__all__ = ["SPLITS", "Dataset", "Edits", "ImageRecord", "open_dataset"]
