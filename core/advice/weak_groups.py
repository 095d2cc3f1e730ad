"""Groups of images that the head gets wrong more often than the others: dark ones, small ones, those of one folder.

Groups are made without a look at the predictions: the ends of what the scan measures, formats, folders, and clusters of
the features (k-means, after D. Arthur and S. Vassilvitskii, "k-means++", 2007). Each is compared with all other images
by Fisher's exact test, one-sided. Looking at so many finds some by chance, so p values are corrected for it
(S. Holm, "A simple sequentially rejective multiple test procedure", 1979): with 95% confidence none that is listed is
there by chance.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, lgamma
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from core.advice.head import Floats, Labels, Mask
from core.advice.looks import Looks
from core.advice.material import Material
from core.evaluation.intervals import wilson_interval

TAIL = 0.1  # of the images: an end of a measure
LEAST = 20  # images of a group, and that are left
MOST_FOLDERS = 30
CLUSTER = 60  # images of a cluster, about
MOST_CLUSTERS = 20
LEVEL = 0.05
SHARED = 0.5  # images in common over images in either, from which on two groups are one
_SPLIT_FOLDERS = {"train", "training", "validation", "valid", "val", "test", "testing"}


@dataclass(frozen=True)
class WeakGroup:
    """A group with a lower accuracy than the other images.

    Attributes:
        name: In words, such as "Dark images".
        accuracy, low, high: Of its images, 0..1, with a 95% interval.
        others: The accuracy of all other images.
        p: The probability of such a difference by chance, corrected for all groups that were tried.
        images: Its images' paths, those predicted wrong first.
    """

    name: str
    accuracy: float
    low: float
    high: float
    others: float
    p: float
    images: tuple[str, ...]

    def in_words(self) -> str:
        """As "Dark images: 71% right (58 to 82) against 96%"."""
        interval = f"{100 * self.low:.0f} to {100 * self.high:.0f}"
        return f"{self.name}: {self.accuracy:.0%} right ({interval}) against {self.others:.0%}"


def weak_groups(material: Material, looks: Looks, right: Mask, seed: int = 0) -> tuple[WeakGroup, ...]:
    """Finds them, the weakest first; of two with nearly the same images only the first.

    Args:
        material, looks: Of the same images, in the same order.
        right: bool (images,), whether each is predicted right by a head that has not seen it.
        seed: Of the clusters.
    """
    # Images of one burst are as good as one: a share of it is right.
    _, burst, sizes = np.unique(material.groups, return_inverse=True, return_counts=True)
    weights = 1 / sizes[burst]
    tried = []
    for name, members in candidates(material, looks, seed):
        if min(weights[members].sum(), weights[~members].sum()) < LEAST:
            continue
        counts = []
        for own in (members, ~members):
            total = round(float(weights[own].sum()))
            counts.append((min(round(float(weights[own] @ right[own])), total), total))
        tried.append((exact_p(*counts), name, members, counts))
    tried.sort(key=lambda each: each[:2])
    found: list[WeakGroup] = []
    taken: list[Mask] = []
    worst = 0.0
    for place, (p, name, members, ((correct, total), other)) in enumerate(tried):
        worst = max(worst, min(1.0, p * (len(tried) - place)))
        if worst > LEVEL:
            break
        if any((members & before).sum() > SHARED * (members | before).sum() for before in taken):
            continue
        taken.append(members)
        rows = np.flatnonzero(members)
        rows = rows[np.argsort(right[rows], kind="stable")]
        low, high = wilson_interval(correct, total)
        paths = tuple(material.records[row].path for row in rows)
        found.append(WeakGroup(name, correct / total, low, high, other[0] / other[1], worst, paths))
    return tuple(sorted(found, key=lambda group: group.accuracy))


def candidates(material: Material, looks: Looks, seed: int) -> Iterator[tuple[str, Mask]]:
    """Groups to try, by name: bool (images,)."""
    records = material.records
    width, height = (np.array([getattr(r, side) for r in records], np.float64) for side in ("width", "height"))
    measures: list[tuple[str, str, NDArray[np.floating]]] = [
        ("Dark", "Bright", np.array([record.brightness for record in records])),
        ("Blurry", "Very sharp", np.array([record.sharpness for record in records])),
        ("Small", "Large", np.sqrt(width * height)),
        ("Tall", "Wide", width / height),
        ("Colourless", "Colourful", looks.colourfulness),
    ]
    for lowest, highest, values in measures:
        low, high = np.quantile(values, (TAIL, 1 - TAIL))
        yield f"{lowest} images", values <= low
        yield f"{highest} images", values >= high
    for kind, count in Counter(record.format for record in records).most_common():
        if count < len(records):
            yield f"{kind} files", np.array([record.format == kind for record in records])
    folders = [folder_below_class(record.path) for record in records]
    for folder, _ in Counter(filter(None, folders)).most_common(MOST_FOLDERS):
        yield f"Images in the folder {folder}", np.array([each == folder for each in folders])
    number = min(MOST_CLUSTERS, len(records) // CLUSTER)
    if number > 1:
        clusters, nearest = k_means(material.rows, number, np.random.default_rng([seed, 2]))
        for cluster in range(number):
            yield f"Images like {records[nearest[cluster]].path}", clusters == cluster


def folder_below_class(path: str) -> str:
    """The folders below that of the class, where a dataset keeps its sources apart: "camera 2" of
    "train/cats/camera 2/1.jpg"; "" where there are none."""
    parts = PurePosixPath(path).parts[:-1]
    below = parts[2:] if parts and parts[0].casefold() in _SPLIT_FOLDERS else parts[1:]
    return "/".join(below)


def exact_p(group: tuple[int, int], others: tuple[int, int]) -> float:
    """Fisher's exact test: the probability, if both had the same accuracy, that the group has so few right or fewer.

    Args:
        group, others: `correct` of `total`.
    """
    (correct, total), (more, rest) = group, others
    right, number = correct + more, total + rest
    least = max(0, right - rest)

    def log_choose(n: int, k: int) -> float:
        return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)

    whole = log_choose(number, right)
    terms = (log_choose(total, k) + log_choose(rest, right - k) - whole for k in range(least, correct + 1))
    return min(1.0, sum(map(exp, terms)))


def k_means(rows: Floats, number: int, random: np.random.Generator, rounds: int = 15) -> tuple[Labels, list[int]]:
    """int64 (images,), the cluster of each row, and for each cluster the row nearest to its centre."""
    centres = rows[[int(random.integers(len(rows)))]]
    distances = _distances(rows, centres)[:, 0]
    while len(centres) < number:
        total = float(distances.sum())
        chances = distances / total if total > 0 else None
        centres = np.concatenate([centres, rows[[int(random.choice(len(rows), p=chances))]]])
        distances = np.minimum(distances, _distances(rows, centres[-1:])[:, 0])
    clusters = np.zeros(len(rows), np.int64)
    for _ in range(rounds):
        before, clusters = clusters, _distances(rows, centres).argmin(axis=1)
        if (before == clusters).all():
            break
        for cluster in range(number):
            if (clusters == cluster).any():
                centres[cluster] = rows[clusters == cluster].mean(axis=0)
    return clusters, [int(row) for row in _distances(rows, centres).argmin(axis=0)]


def _distances(rows: Floats, centres: Floats) -> NDArray[np.float64]:
    """float64 (rows, centres): squared."""
    squares = np.vecdot(rows, rows)[:, None] - 2 * rows @ centres.T + np.vecdot(centres, centres)
    return np.asarray(np.maximum(squares, 0), np.float64)
