"""The first use of a stranger's model, within limits: `python -m core.export.trial MODEL SIZE OUTPUTS`; OUTPUTS are 0
for a base without a head.

Runs it on a few blank images. Exits with 0 if the outputs are predictions; else the last line on stderr says what is
wrong.
"""

import sys
from pathlib import Path

import numpy as np

from core.backbone.architecture import FEATURE_MAP, FEATURES, IMAGE
from core.backbone.session import open_session
from core.errors import PawlabError
from core.training.loop.onnx_model import PROBABILITIES

IMAGES = 4  # as many at once as a classifier or a report ever takes on one core
MEMORY = 1_500_000_000  # bytes beside those of the weights, which the session holds twice while it opens
SECONDS = 60


def main(model: Path, size: int, outputs: int) -> str:
    """What is wrong, or ""."""
    _limit(MEMORY + 2 * model.stat().st_size)
    try:
        blank = np.full((IMAGES, size, size, 3), 255, np.float32)
        wanted = [FEATURE_MAP, PROBABILITIES] if outputs else [FEATURE_MAP]
        features, *heads = open_session(model, threads=1).run(wanted, {IMAGE: blank})
    except PawlabError as error:
        return error.received
    except Exception as error:  # ONNX Runtime's exceptions share no base class below Exception
        return str(error).splitlines()[0][:200]
    side = -(-size // 32)
    shapes = [(IMAGES, side, side, FEATURES), (IMAGES, outputs)][: 1 + len(heads)]
    if [array.shape for array in (features, *heads)] != shapes:
        return f"its outputs have the shapes {[array.shape for array in (features, *heads)]}"
    if not heads:
        return "" if np.isfinite(features).all() else "its outputs are not finite"
    (rows,) = heads
    sums = np.abs(rows.sum(axis=1) - 1) if outputs > 1 else np.zeros(1)
    if not np.isfinite(rows).all() or rows.min() < 0 or rows.max() > 1 or sums.max() > 1e-3:
        return "its outputs are not probabilities"
    return ""


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time is watched from outside
        return
    for kind, limit in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CPU, SECONDS)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


if __name__ == "__main__":
    if problem := main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])):
        sys.exit(problem)
