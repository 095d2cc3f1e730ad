"""The whole recipe, from the zip to the saved model: Pawlab's two presets against the notebook's way.

    python -m benchmarks.recipe [--rounds 3] [--epochs 10] [--timed-epochs 2]

Both sides start from the same zip with the same pre-trained weights on disk and end with a saved Keras model; same
photos, copies, sizes, batches and epochs; each side is a fresh process, imports included, and nothing is cached.
Validation images get no copies on either side, which favours the notebook's way: it augments them too. Of the
notebook's epochs only `--timed-epochs` are trained, the others count as the last of these. `ratio` is how many times
faster the preset `notebook` is; `ratio_fast` the preset `fast`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import median, own_home, photos_zip, print_result
from core.backbone.weights import resolve_weights


def pawlab(archive: Path, preset: str, epochs: int, ready: Path) -> dict[str, Any]:
    """Trains in an empty home that has only the weights; the seconds are those of the whole command."""
    with own_home(ready):
        started = time.perf_counter()
        command = [sys.executable, "-m", "core", "train", "--data", str(archive), "--preset", preset]
        result = last_json([*command, "--epochs", str(epochs), "--json"])
        return {**result, "wall": time.perf_counter() - started}


def notebook(archive: Path, weights: Path, out: Path, epochs: int, timed: int) -> dict[str, Any]:
    arguments = [str(archive), str(weights), str(out), str(epochs), str(timed)]
    result = last_json([sys.executable, "-m", "benchmarks.notebook_way", *arguments])
    return {**result, "wall": sum(result["phases"].values())}


def last_json(command: list[str]) -> dict[str, Any]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--timed-epochs", type=int, default=2)
    options = parser.parse_args()
    archive = photos_zip()
    rounds: list[dict[str, dict[str, Any]]] = []
    with own_home() as home:
        arrays: dict[str, Any] = dict(resolve_weights().arrays)
        np.savez(home / "arrays.npz", **arrays)
        for _ in range(options.rounds):
            times = {
                name: pawlab(archive, name, options.epochs, home / "cache" / "weights") for name in ("notebook", "fast")
            }
            out = home / "notebook.keras"
            times["peer"] = notebook(archive, home / "arrays.npz", out, options.epochs, options.timed_epochs)
            rounds.append(times)
            print(json.dumps({name: round(figures["wall"], 1) for name, figures in times.items()}), file=sys.stderr)
    wall = {name: median([times[name]["wall"] for times in rounds]) for name in ("notebook", "fast", "peer")}
    last = rounds[-1]
    print_result(
        {
            "benchmark": "recipe",
            "photos": last["notebook"]["counts"],
            "epochs": options.epochs,
            "timed_epochs_of_peer": options.timed_epochs,
            "rounds": options.rounds,
            "seconds": wall,
            "phases": {name: last[name].get("seconds") or last[name].get("phases") for name in last},
            "val_accuracy": {name: last[name]["val_accuracy"] for name in ("notebook", "fast")},
            "peak_memory_mb": {name: last[name]["peak_memory_mb"] for name in ("notebook", "fast")},
            "ratio": round(wall["peer"] / wall["notebook"], 2),
            "ratio_fast": round(wall["peer"] / wall["fast"], 2),
        }
    )


if __name__ == "__main__":
    main()
