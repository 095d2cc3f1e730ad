"""What temperature scaling does to the calibration of images that neither trained nor chose.

    python -m benchmarks.calibration [--data photos drawn] [--presets fast notebook] [--seeds 5]

Heads are trained as in `benchmarks.quality` on all images, 20 % of them for validation, once for each seed. T is fitted
on the validation images (`core.runs.temperature`), and the held-out images are scored without and with it: the expected
calibration error and the log loss; no predicted class may change. `difference` is with minus without, of the same
head. Intervals are the means', 95 %, from Student's t over the seeds. Features come from the cache under PAWLAB_HOME
where it has them. Figures only: no times.
"""

import argparse
from collections import defaultdict
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import print_result
from benchmarks.quality import folder_of, kept_head, source_of, summary
from core.evaluation.calibration import calibration_error
from core.runs.settings import Preset, preset
from core.runs.temperature import fit_temperature, with_temperature
from core.training.head.fit import read_ahead
from core.training.loop.epochs import evaluate


def scores(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> dict[str, float]:
    table = probabilities
    if table.shape[1] == 1:
        table = np.concatenate([1 - table, table], axis=1)
    right = table.argmax(axis=1) == labels
    true = np.maximum(table[np.arange(len(labels)), labels], 2.0**-54)
    return {
        "calibration_error": calibration_error(right, table.max(axis=1), table.shape[1]),
        "log_loss": float(-np.log(true).mean()),
        "accuracy": float(right.mean()),
    }


def measure(data: str, name: Preset, seeds: int) -> dict[str, Any]:
    values: dict[str, list[float]] = defaultdict(list)
    config = preset(name)
    with folder_of(data) as folder:
        source = source_of(folder, config)
        labels = source.held_out.labels
        for seed in range(seeds):
            train, validation = source.draw(None, seed)
            head, best = kept_head(source, train, validation, config.changed(seed=seed))
            temperature = fit_temperature(validation.labels, best.probabilities)
            _, plain = evaluate(head, source.held_out, 256, read_ahead)
            without, scaled = scores(labels, plain), scores(labels, with_temperature(plain, temperature))
            assert without["accuracy"] == scaled["accuracy"], "temperature scaling changed a predicted class"
            values["temperature"].append(temperature)
            values["accuracy"].append(scaled["accuracy"])
            for score in ("calibration_error", "log_loss"):
                values[f"{score} without"].append(without[score])
                values[f"{score} with"].append(scaled[score])
                values[f"{score} difference"].append(scaled[score] - without[score])
    figures = {"validation_images": validation.rows, "held_out": len(labels)}
    return figures | {name: summary(of_seeds) for name, of_seeds in values.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", nargs="+", default=["photos", "drawn"], choices=["photos", "drawn"])
    parser.add_argument("--presets", nargs="+", default=["fast", "notebook"], choices=get_args(Preset))
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    presets: list[Preset] = options.presets
    results = {data: {name: measure(data, name, options.seeds) for name in presets} for data in options.data}
    print_result({"benchmark": "calibration", "seeds": options.seeds, **results})


if __name__ == "__main__":
    main()
