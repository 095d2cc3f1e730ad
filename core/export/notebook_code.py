"""The notebook's cells of code, as text.

Written for tensorflow 2.21 and keras 3.15, as `core.augmentation.code`.
"""

from core.evaluation.intervals import wilson_interval
from core.export.manifest import Manifest
from core.runs.fine_tuning import FineTuningConfig
from core.runs.settings import TrainingConfig
from core.runs.temperature import HIGHEST, LOWEST
from core.training.patience import validation_chooses


def variables(manifest: Manifest) -> str:
    """The variables that a reader may want to change."""
    default = "imagenet" if manifest.fine_tuning else "model.keras"  # the exported base is the fine-tuned one
    return f"""
# Folder or zip of the images ({manifest.data!r} in the run)
DATA = "images.zip"
# Weights of the base model: "model.keras" takes those of the run from the exported model, "imagenet" downloads Keras'
# own; or the path of a .weights.h5, or of a model.keras whose base model is not fine-tuned
WEIGHTS = {default!r}
IMAGE_SIZE = {manifest.settings.image_size}
CROP = {manifest.settings.crop!r}
BATCH_SIZE = {manifest.settings.batch_size}
EPOCHS = {manifest.settings.epochs}
COPIES = {manifest.settings.copies}
SEED = {manifest.settings.seed}
CLASSES = {list(manifest.classes)!r}
"""


def imports() -> str:
    """Packages, the decoder, the seed."""
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
from predict import load_image  # upright, on white, a square: as Pawlab decodes

keras.utils.set_random_seed(SEED)
"""


def places() -> str:
    """All files of the dataset."""
    return """
folder = Path(DATA).expanduser()
if folder.is_file():
    unpacked = tempfile.mkdtemp()
    zipfile.ZipFile(folder).extractall(unpacked)
    folder = Path(unpacked)
files = sorted(path for path in folder.rglob("*") if path.is_file())
assert files, f"no files in {DATA}"
"""


def by_digest() -> str:
    """The run's own images, in whatever folders they are."""
    return """
places = {}  # digest -> split and class of each image with that digest
for split, of_class in json.loads(Path("data.json").read_text(encoding="utf-8")).items():
    for label, digests in of_class.items():
        for digest in digests:
            places.setdefault(digest, []).append((split, label))
images = {"train": ([], []), "validation": ([], [])}
for path in files:
    matches = places.get(hashlib.sha256(path.read_bytes()).hexdigest()[:16])
    if matches:
        split, label = matches.pop()
        if split in images:
            images[split][0].append(load_image(path, IMAGE_SIZE, CROP))
            images[split][1].append(CLASSES.index(label))
missing = sum(map(len, places.values()))
print(f"{missing} of the run's images are missing" if missing else "all images of the run are there")
"""


def by_folder() -> str:
    """Images by their folders."""
    return """
images = {"train": ([], []), "validation": ([], [])}
for path in files:
    split, label = path.parts[-3:-1] if len(path.parts) > 2 else ("", "")
    split = {"val": "validation", "valid": "validation", "training": "train"}.get(split, split)
    if split in images and label in CLASSES:
        try:
            image = load_image(path, IMAGE_SIZE, CROP)
        except Exception as error:
            print(f"{path} is left out: {error}")
            continue
        images[split][0].append(image)
        images[split][1].append(CLASSES.index(label))
"""


def copies(config: TrainingConfig) -> str:
    """Arrays of the images and their augmented copies."""
    splits = '("train", "validation")' if config.augment_validation else '("train",)'
    return f"""
def copy_of(image):
    drawn = generator.standardize(generator.random_transform(image.astype("float32")))
    return np.clip(np.rint(drawn), 0, 255).astype("uint8")


data = {{}}
for split, (images, labels) in images.items():
    copies = COPIES if split in {splits} else 0
    images = images + [copy_of(image) for _ in range(copies) for image in images]
    data[split] = np.stack(images), np.array(labels * (1 + copies))
    print(split, data[split][0].shape, np.bincount(data[split][1], minlength=len(CLASSES)))
"""


def network(config: TrainingConfig, classes: int) -> str:
    """The frozen base and the head."""
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


def training(config: TrainingConfig, classes: int, validation_images: int) -> str:
    """The run's optimizer and callbacks, and its epochs."""
    loss = "binary_crossentropy" if classes == 2 else "sparse_categorical_crossentropy"
    lines, rate, callbacks = 'inputs, targets = data["train"]\n', f"{config.learning_rate}", _both_callbacks(config)
    if config.min_steps:
        passes = f"max(1, -(-({config.min_steps - 1} * BATCH_SIZE + 1) // len(targets)))"
        lines += f"""passes = {passes}  # in an epoch, so that it has at least {config.min_steps} steps
inputs, targets = np.concatenate([inputs] * passes), np.concatenate([targets] * passes)
"""
    if config.schedule == "cosine":
        lines += "steps = EPOCHS * -(-len(targets) // BATCH_SIZE)\n"
        rate = f"keras.optimizers.schedules.CosineDecay({config.learning_rate}, steps)"
        callbacks = f"[\n{_early_stopping(config)}]"
        if not validation_chooses(config, validation_images):
            callbacks = "[]  # too few validation images to choose an epoch: the last is kept"
    return f"""
{lines}model.compile(
    optimizer=keras.optimizers.Adam({rate}),
    loss="{loss}",
    metrics=["accuracy"],
)
callbacks = {callbacks}
history = model.fit(
    inputs,
    targets,
    validation_data=data["validation"],
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    callbacks=callbacks,
    verbose=2,
)
"""


def _both_callbacks(config: TrainingConfig) -> str:
    return f"""[
{_early_stopping(config)}    keras.callbacks.ReduceLROnPlateau(
        monitor="val_loss", patience={config.reduce_lr_patience}, factor={config.reduce_lr_factor}
    ),
]"""


def _early_stopping(config: TrainingConfig) -> str:
    return f"""    keras.callbacks.EarlyStopping(
        monitor="val_loss", patience={config.early_stopping_patience}, restore_best_weights=True
    ),
"""


def second_stage(stage: FineTuningConfig, config: TrainingConfig, classes: int) -> str:
    """Fine-tuning as in the run: every BatchNormalization frozen; the first stage is restored if it is better."""
    loss = "binary_crossentropy" if classes == 2 else "sparse_categorical_crossentropy"
    return f"""
first, first_weights = history.history, model.get_weights()
first_loss = model.evaluate(*data["validation"], batch_size=BATCH_SIZE, verbose=0)[0]
base.trainable = True
for layer in base.layers[:-{stage.layers}]:
    layer.trainable = False
for layer in [*base.layers, *model.layers]:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.trainable = False
model.compile(optimizer=keras.optimizers.Adam({stage.learning_rate}), loss="{loss}", metrics=["accuracy"])
history = model.fit(
    *data["train"],
    validation_data=data["validation"],
    batch_size=BATCH_SIZE,
    epochs={stage.epochs},
    callbacks={_both_callbacks(config)},
    verbose=2,
)
if min(history.history["val_loss"]) > first_loss:
    model.set_weights(first_weights)
    print("no epoch of fine-tuning is better: the first stage is restored")
history.history = {{name: first.get(name, []) + values for name, values in history.history.items()}}
"""


def temperature(config: TrainingConfig) -> str:
    """Temperature scaling, as `core.runs.temperature` does it."""
    own = " // (1 + COPIES)" if config.augment_validation else ""
    return f"""
inputs, targets = data["validation"]
own = len(targets){own}  # without augmented copies
targets, table = targets[:own], model.predict(inputs[:own], batch_size=BATCH_SIZE, verbose=0).astype("float64")
if table.shape[1] == 1:
    table = np.hstack([1 - table, table])
logits = np.log(np.maximum(table, 1e-8))
logits -= logits[np.arange(own), targets][:, None]  # of the true class: 0


def log_loss(temperature):
    return np.mean(np.log(np.exp(logits / temperature).sum(axis=1)))


T = 1.0  # where every prediction is right, the loss falls with T without end
if (table.argmax(axis=1) != targets).any():
    T = min(np.geomspace({LOWEST}, {HIGHEST}, 2001), key=log_loss)
last = model.layers[-1]
last.set_weights([values / T for values in last.get_weights()])
print(f"T = {{T:.2f}}")
"""


def result(manifest: Manifest) -> str:
    """The score compared with the run's and its interval."""
    total = manifest.images("validation")
    low, high = wilson_interval(round(manifest.val_accuracy * total), total)
    return f"""
loss, accuracy = model.evaluate(*data["validation"], batch_size=BATCH_SIZE, verbose=0)
LOW, HIGH = {low:.4f}, {high:.4f}  # 95% confidence interval of the run's accuracy
print(f"here {{accuracy:.1%}}; in the run {manifest.val_accuracy:.1%} (95% CI {{100 * LOW:.1f}}–{{HIGH:.1%}})")
print("within the run's interval" if LOW <= accuracy <= HIGH else "outside the run's interval")
"""


def curves() -> str:
    """Accuracy and loss, if Matplotlib is installed."""
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
