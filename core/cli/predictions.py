"""What `classify` says of its predictions: one row an image, and counts of all."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.cli.console import print_table
from core.errors import ImageError
from core.evaluation.conformal import named
from core.evaluation.words import as_percent
from core.inference.batch import UNLIKE, UNSURE, outcome
from core.inference.classifier import Prediction
from core.inference.inputs import InputFile
from core.runs.limits import Limits


@dataclass
class Tally:
    """Counts of the predictions so far, and the path of the first image without one, with the reason."""

    limits: Limits
    labels: Counter[str] = field(default_factory=Counter)
    images: int = 0
    errors: int = 0
    unsure: int = 0
    unlike: int = 0
    first_error: str = ""
    started: float = 0.0
    last: float = 0.0

    def add(self, image: InputFile, prediction: Prediction | ImageError) -> None:
        self.images += 1
        self.last = time.perf_counter()
        if isinstance(prediction, ImageError):
            self.errors += 1
            self.first_error = self.first_error or f"{image.path}: {prediction.received}"
            return
        result = outcome(prediction, self.limits)
        self.unlike += result == UNLIKE
        self.unsure += result == UNSURE
        if result not in (UNLIKE, UNSURE):
            self.labels[result] += 1

    @property
    def rate(self) -> float:
        """Images per second."""
        return self.images / max(self.last - self.started, 1e-9)


def as_json(image: InputFile, prediction: Prediction | ImageError, limits: Limits) -> dict[str, Any]:
    """`distance` and `unlike` are None where the run cannot tell, `set` where no set is promised."""
    if isinstance(prediction, ImageError):
        return {"path": image.path, "error": prediction.received}
    values = {"label": prediction.label, "confidence": prediction.confidence, "probabilities": prediction.probabilities}
    unlike = None if prediction.distance is None else prediction.is_unlike(limits)
    likely = prediction.likely(limits)
    return {"path": image.path, **values, "distance": prediction.distance, "unlike": unlike, "set": likely}


def print_predictions(results: Sequence[dict[str, Any]], limits: Limits) -> None:
    """Prints rows of `as_json` as a table."""
    rows = []
    for result in results:
        if "error" in result:
            rows.append((result["path"], "", "", result["error"]))
            continue
        unsure = "unsure: " if result["confidence"] < limits.threshold else ""
        remark = named(result["set"], limits.sets.level) if limits.sets else ""
        if result["unlike"]:  # a set promises nothing there
            remark = "unlike the training images"
        rows.append((result["path"], unsure + result["label"], as_percent(result["confidence"]), remark))
    print_table(("image", "label", "confidence", "note"), rows)


def counts_in_words(counts: Tally) -> list[str]:
    """What the screen shows of all predictions, in one line or two."""
    parts = [f"{label}: {count:,}" for label, count in counts.labels.most_common()]
    threshold = counts.limits.threshold
    parts += [f"unsure (confidence below {threshold:g}): {counts.unsure:,}"] if threshold else []
    parts += [f"unlike the training images: {counts.unlike:,}"] if counts.unlike else []
    parts += [f"errors: {counts.errors:,}"] if counts.errors else []
    images = f"{counts.images:,} image{'' if counts.images == 1 else 's'}"
    pace = f", {counts.rate:.0f} images/s" if counts.images else ""
    return [*filter(None, [", ".join(parts)]), f"{images}{pace}"]
