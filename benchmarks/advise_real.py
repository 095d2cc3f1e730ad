"""The learning curve's forecast against real runs: a part of `benchmarks.advise`.

From `few` training photos the forecast for twice and four times as many; and `fast` runs, with their own head, copies
and seed, trained on so many and scored on all validation photos. `covered` is how often the forecast's interval, which
is for one training, holds a run's accuracy; `gain covered` how often the gain's interval, which is for the mean, holds
the mean gain of all draws' runs over those of the `few`, which are among the more.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from core.advice.forecast import forecast
from core.advice.learning_curve import drawn_order, learning_curve
from core.advice.material import Material
from core.api import train as train_run
from core.datasets import Dataset, ImageRecord


def real_runs(dataset: Dataset, train: Material, held: Material, folder: Path, few: int, draws: int) -> dict[str, Any]:
    """Of `draws` draws."""
    rows: dict[int, list[dict[str, float]]] = {2: [], 4: []}
    for draw in range(draws):
        order = drawn_order(train, np.ones(len(train), np.bool_), np.random.default_rng([draw, 7]))
        begun = learning_curve(train.part(np.isin(np.arange(len(train)), order[:few])), seed=draw)

        def accuracy(number: int, order: np.ndarray = order, draw: int = draw) -> float:
            records = [*(train.records[row] for row in order[:number]), *held.records]
            place = folder / f"{draw}-{number}"
            write_photos(dataset, records, place)
            run = train_run(place, preset="fast", name=place.name, seed=draw)
            shutil.rmtree(place)
            return float(run.summary()["val_accuracy"])

        now = accuracy(few)
        for times, found in rows.items():
            forecasted, then = forecast(begun, few, times * few, seed=draw), accuracy(times * few)
            found.append(
                {
                    "covered": forecasted.low <= then <= forecasted.high,
                    "gain low": forecasted.gain_low,
                    "gain high": forecasted.gain_high,
                    "real gain": then - now,
                    "forecast": forecasted.accuracy,
                    "low": forecasted.low,
                    "high": forecasted.high,
                    "real": then,
                    "real now": now,
                    "gain": forecasted.gain,
                    "known": forecasted.known,
                }
            )
            print(draw, times * few, found[-1], flush=True)
    return {f"from {few} for {times * few}": _summed_up(found) for times, found in rows.items()}


def _summed_up(found: list[dict[str, float]]) -> dict[str, float]:
    means = {key: float(np.mean([row[key] for row in found])) for key in found[0]}
    gain = means["real gain"]  # of one draw it is mostly chance
    means["gain covered"] = float(np.mean([row["gain low"] <= gain <= row["gain high"] for row in found]))
    means["mean error"] = float(np.mean([abs(row["forecast"] - row["real"]) for row in found]))
    return {key: round(value, 4) for key, value in means.items()}


def write_photos(dataset: Dataset, records: list[ImageRecord], folder: Path) -> None:
    """The files of these records, where their dataset has them."""
    for record in records:
        target = folder / record.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(dataset.file(record), target)
