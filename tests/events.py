"""Whole events of a run's log for tests that care for a few fields only."""

from typing import Any

_SCORES = {"loss": 1.5, "accuracy": 0.75}
_FIELDS: dict[str, dict[str, Any]] = {
    "status": {"status": "running"},
    "phase": {"phase": "head"},
    "expected": {"seconds": 30},
    "progress": {"phase": "features", "done": 1, "total": 2},
    "samples": {"classes": ["cats", "dogs"], "pictures": []},
    "batch": {"epoch": 1, "batch": 1, "batches": 4, **_SCORES},
    "epoch": {
        "epoch": 1,
        **_SCORES,
        "val_loss": 2.0,
        "val_accuracy": 0.875,
        "learning_rate": 1e-4,
        "seconds": 1.0,
        "best": True,
    },
    "fine_tune": {"epoch": 4, "layers": 20, "learning_rate": 1e-5},
    "reduce_lr": {"epoch": 1, "learning_rate": 2e-5},
    "start": {"epoch": 1},
}


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """An event as a worker writes it, at time 1 unless `fields` say otherwise."""
    return {"event": kind, "time": 1.0, **_FIELDS[kind], **fields}
