"""The run as a notebook in plain Keras: the same data, settings, network and callbacks, trained the way it is taught.

Written for tensorflow 2.21 and keras 3.15, as `core.augmentation.code`. It lies in the unpacked bundle, beside the
files that it reads: predict.py (the decoder), data.json (which picture belongs where) and model.keras (the base).
"""

import json
from typing import Any

from core.augmentation import code
from core.export.manifest import Manifest
from core.statistics import wilson_interval
from core.training.recipe import TrainingConfig

DIGEST_NOTE = (
    "`data.json` lists the run's pictures by the beginning of their SHA-256, so the same pictures are found whatever "
    "their names and folders: the same split, the same edits, without the files that could not be read."
)
FOLDER_NOTE = (
    "The run's data were not at hand when this was written, so that the pictures are taken as the folders have them: "
    "`train/CLASS` and `validation/CLASS`. Edits made in Pawlab are not in it."
)


def notebook(manifest: Manifest, by_digest: bool) -> str:
    """The `.ipynb` (nbformat 4.5), as JSON.

    Args:
        by_digest: Whether a `data.json` lies beside it.
    """
    title = f"# {plain(manifest.name)}\n\n{_intro(manifest)}"
    cells = [
        markdown(title),
        source(_variables(manifest), tags=["parameters"]),
        markdown(f"## The data\n\n{DIGEST_NOTE if by_digest else FOLDER_NOTE}"),
        source(_imports() + _places()),
        source(_by_digest() if by_digest else _by_folder()),
        markdown("## The copies\n\nDrawn once and joined to the originals, as in the run."),
        source(code.keras_generator(manifest.settings.augmentation)),
        source(_copies(manifest.settings)),
        markdown("## The network\n\nThe frozen base, and a small head on top of it."),
        source(_network(manifest.settings, len(manifest.classes))),
        markdown("## Training\n\nThe base is passed in every epoch; Pawlab passes it once and keeps the features."),
        source(_training(manifest.settings, len(manifest.classes))),
        *_second_stage(manifest),
        markdown("## The result\n\nBeside the run's. Scores within the interval differ by no more than chance."),
        source(_result(manifest)),
        source(_curves()),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def source(text: str, tags: list[str] | None = None) -> dict[str, Any]:
    lines = text.strip("\n").splitlines(keepends=True)
    metadata = {"tags": tags} if tags else {}
    return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": lines}


def plain(text: str) -> str:
    """A stranger's text in Markdown, shown as it is: no link, no picture, no HTML."""
    return "".join(f"&#{ord(c)};" if c in "\\`*_[]<>#!|~&$:@" else c for c in " ".join(text.split()))


def _intro(manifest: Manifest) -> str:
    total = manifest.pictures("validation")
    return (
        f"A classifier for {plain(', '.join(manifest.classes))}, trained with Pawlab and here in plain Keras: "
        f"{manifest.val_accuracy:.1%} of {total:,} validation pictures were right. "
        "Run it in the folder of the unpacked bundle. It needs\n\n"
        "    pip install tensorflow==2.21.0 scipy pillow\n\n"
        "What differs by nature: the drawn copies, the starting weights and the order of the pictures come from other "
        "random numbers, so the score is another one within chance."
    )


def _variables(manifest: Manifest) -> str:
    default = "imagenet" if manifest.fine_tuning else "model.keras"  # the exported base is the fine-tuned one
    return f"""
# The folder or the zip of the pictures ({manifest.data!r} in the run)
DATA = "pictures.zip"
# The base's weights: "model.keras" takes those of the run out of the exported model; "imagenet" downloads Keras' own;
# or the path of a .weights.h5
WEIGHTS = {default!r}
IMAGE_SIZE = {manifest.settings.image_size}
BATCH_SIZE = {manifest.settings.batch_size}
EPOCHS = {manifest.settings.epochs}
COPIES = {manifest.settings.copies}
SEED = {manifest.settings.seed}
CLASSES = {list(manifest.classes)!r}
"""


def _imports() -> str:
    return """
import hashlib
import json
import os
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import keras
import numpy as np
from predict import load_image  # upright, on white, squeezed to a square: as Pawlab decodes

keras.utils.set_random_seed(SEED)
"""


def _places() -> str:
    return """
folder = Path(DATA).expanduser()
if folder.is_file():
    unpacked = tempfile.mkdtemp()
    zipfile.ZipFile(folder).extractall(unpacked)
    folder = Path(unpacked)
files = sorted(path for path in folder.rglob("*") if path.is_file())
assert files, f"no files in {DATA}"
"""


def _by_digest() -> str:
    return """
places = {}  # digest -> the split and class of each picture with it
for split, of_class in json.loads(Path("data.json").read_text(encoding="utf-8")).items():
    for label, digests in of_class.items():
        for digest in digests:
            places.setdefault(digest, []).append((split, label))
pictures = {"train": ([], []), "validation": ([], [])}
for path in files:
    found = places.get(hashlib.sha256(path.read_bytes()).hexdigest()[:16])
    if found:
        split, label = found.pop()
        if split in pictures:
            pictures[split][0].append(load_image(path, IMAGE_SIZE))
            pictures[split][1].append(CLASSES.index(label))
missing = sum(map(len, places.values()))
print(f"{missing} of the run's pictures are missing" if missing else "every picture of the run was found")
"""


def _by_folder() -> str:
    return """
pictures = {"train": ([], []), "validation": ([], [])}
for path in files:
    split, label = path.parts[-3:-1] if len(path.parts) > 2 else ("", "")
    split = {"val": "validation", "valid": "validation", "training": "train"}.get(split, split)
    if split in pictures and label in CLASSES:
        try:
            image = load_image(path, IMAGE_SIZE)
        except Exception as error:
            print(f"{path} is left out: {error}")
            continue
        pictures[split][0].append(image)
        pictures[split][1].append(CLASSES.index(label))
"""


def _copies(config: TrainingConfig) -> str:
    splits = '("train", "validation")' if config.augment_validation else '("train",)'
    return f"""
def copy_of(image):
    drawn = generator.standardize(generator.random_transform(image.astype("float32")))
    return np.clip(np.rint(drawn), 0, 255).astype("uint8")


data = {{}}
for split, (images, labels) in pictures.items():
    copies = COPIES if split in {splits} else 0
    images = images + [copy_of(image) for _ in range(copies) for image in images]
    data[split] = np.stack(images), np.array(labels * (1 + copies))
    print(split, data[split][0].shape, np.bincount(data[split][1], minlength=len(CLASSES)))
"""


def _network(config: TrainingConfig, classes: int) -> str:
    pooling = "Flatten" if config.pooling == "flatten" else "GlobalAveragePooling2D"
    output = 'Dense(1, activation="sigmoid")' if classes == 2 else f'Dense({classes}, activation="softmax")'
    return f"""
shape = (IMAGE_SIZE, IMAGE_SIZE, 3)
if WEIGHTS.endswith(".keras"):
    exported = keras.models.load_model(WEIGHTS)
    base = next(layer for layer in exported.layers if isinstance(layer, keras.Model))
else:
    base = keras.applications.MobileNetV2(input_shape=shape, include_top=False, weights=WEIGHTS)
base.trainable = False
model = keras.Sequential(
    [
        keras.Input(shape),
        keras.layers.Rescaling(1 / 127.5, offset=-1),
        base,
        keras.layers.{pooling}(),
        keras.layers.Dense({config.units}, activation="relu", kernel_regularizer=keras.regularizers.L2({config.l2})),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout({config.dropout}),
        keras.layers.{output},
    ]
)
model.summary()
"""


def _training(config: TrainingConfig, classes: int) -> str:
    loss = "binary_crossentropy" if classes == 2 else "sparse_categorical_crossentropy"
    return f"""
model.compile(
    optimizer=keras.optimizers.Adam({config.learning_rate}),
    loss="{loss}",
    metrics=["accuracy"],
)
callbacks = [
    keras.callbacks.EarlyStopping(
        monitor="val_loss", patience={config.early_stopping_patience}, restore_best_weights=True
    ),
    keras.callbacks.ReduceLROnPlateau(
        monitor="val_loss", patience={config.reduce_lr_patience}, factor={config.reduce_lr_factor}
    ),
]
history = model.fit(
    *data["train"],
    validation_data=data["validation"],
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    callbacks=callbacks,
    verbose=2,
)
"""


def _second_stage(manifest: Manifest) -> list[dict[str, Any]]:
    """Fine-tuning, where the run did it."""
    if not (stage := manifest.fine_tuning):
        return []
    loss = "binary_crossentropy" if len(manifest.classes) == 2 else "sparse_categorical_crossentropy"
    code = f"""
first = history.history
base.trainable = True
for layer in base.layers[:-{stage.layers}]:
    layer.trainable = False
for layer in base.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.trainable = False
model.compile(optimizer=keras.optimizers.Adam({stage.learning_rate}), loss="{loss}", metrics=["accuracy"])
history = model.fit(
    *data["train"],
    validation_data=data["validation"],
    batch_size=BATCH_SIZE,
    epochs={stage.epochs},
    callbacks=callbacks,
    verbose=2,
)
history.history = {{name: first.get(name, []) + values for name, values in history.history.items()}}
"""
    return [markdown(f"## Fine-tuning\n\nThe base's last {stage.layers} layers move too, slowly."), source(code)]


def _result(manifest: Manifest) -> str:
    total = manifest.pictures("validation")
    low, high = wilson_interval(round(manifest.val_accuracy * total), total)
    return f"""
loss, accuracy = model.evaluate(*data["validation"], batch_size=BATCH_SIZE, verbose=0)
LOW, HIGH = {low:.4f}, {high:.4f}  # the 95 % interval of the run's accuracy
print(f"here {{accuracy:.1%}}; in the run {manifest.val_accuracy:.1%}, likely between {{LOW:.1%}} and {{HIGH:.1%}}")
print("within the run's interval" if LOW <= accuracy <= HIGH else "outside the run's interval")
"""


def _curves() -> str:
    return """
try:
    import matplotlib.pyplot as plt
except ImportError:
    print("pip install matplotlib to see the curves")
else:
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.5))
    for axis, name in zip(axes, ("accuracy", "loss")):
        axis.plot(history.history[name], label="training")
        axis.plot(history.history[f"val_{name}"], label="validation")
        axis.set(xlabel="epoch", ylabel=name)
        axis.legend()
    plt.show()
"""
