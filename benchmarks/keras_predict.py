"""The peer of `benchmarks.classify`: Keras in a process of its own, which measures a round for each request.

    python -m benchmarks.keras_predict MODEL.keras SIZE

Reads lines of JSON: {"what": "single", "single_on_batch" or "folder", "files": [...]}; prints for each {"seconds": s}.
"""

import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.bare import decode, decode_all
from benchmarks.common import seconds

BATCH = 32


def main() -> None:
    import keras

    model = keras.models.load_model(sys.argv[1], compile=False)
    size = int(sys.argv[2])

    def single(files: list[Path]) -> None:
        for file in files:
            model.predict(decode(file, size)[np.newaxis].astype(np.float32), verbose=0)

    def single_on_batch(files: list[Path]) -> None:
        for file in files:
            model.predict_on_batch(decode(file, size)[np.newaxis].astype(np.float32))

    def folder(files: list[Path]) -> None:
        model.predict(decode_all(files, size).astype(np.float32), batch_size=BATCH, verbose=0)

    ways = {"single": single, "single_on_batch": single_on_batch, "folder": folder}
    for line in sys.stdin:
        request = json.loads(line)
        files = [Path(file) for file in request["files"]]
        taken = seconds(lambda: ways[request["what"]](files))  # noqa: B023
        print(json.dumps({"seconds": taken}), flush=True)


if __name__ == "__main__":
    main()
