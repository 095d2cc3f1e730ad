"""The first use of a stranger's model, within limits: `python -m core.export.trial MODEL SIZE OUTPUTS`.

Runs it on one blank image. Exits with 0 if the output is a prediction; else the last line on stderr says what is wrong.
"""

import sys
from pathlib import Path

import numpy as np

from core.backbone.architecture import FEATURE_MAP, FEATURES, IMAGE
from core.backbone.session import open_session
from core.errors import PawlabError
from core.training.loop.onnx_model import PROBABILITIES

MEMORY = 6 * 2**30  # of addresses, most of which are never used
SECONDS = 60


def main(model: Path, size: int, outputs: int) -> str:
    """What is wrong, or ""."""
    _limit()
    try:
        blank = np.full((1, size, size, 3), 255, np.float32)
        row, features = open_session(model, threads=1).run([PROBABILITIES, FEATURE_MAP], {IMAGE: blank})
    except PawlabError as error:
        return error.received
    except Exception as error:  # ONNX Runtime's exceptions share no base class below Exception
        return str(error).splitlines()[0][:200]
    side = -(-size // 32)
    if row.shape != (1, outputs) or features.shape != (1, side, side, FEATURES):
        return f"its outputs have the shapes {row.shape} and {features.shape}"
    if not np.isfinite(row).all() or row.min() < 0 or row.max() > 1 or (outputs > 1 and abs(row.sum() - 1) > 1e-3):
        return "its outputs are not probabilities"
    return ""


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time is watched from outside
        return
    for kind, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


if __name__ == "__main__":
    if problem := main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])):
        sys.exit(problem)
