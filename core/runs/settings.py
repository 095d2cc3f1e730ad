"""The settings of a training run: every number of the notebook's recipe, and the two presets."""

from typing import Literal

from core.augmentation import AugmentationConfig
from core.config import Settings, setting
from core.images.crop import Crop

Pooling = Literal["flatten", "average"]
Preset = Literal["notebook", "fast"]
Schedule = Literal["plateau", "cosine"]


class TrainingConfig(Settings):
    """The settings of one run. The defaults are the notebook's; `preset("fast")` has a much smaller head and schedule
    that learns to its end on few images too.

    Names that Keras has too mean the same as there.
    """

    image_size: int = setting(
        160,
        "Side of the square that every image is resized to.",
        unit="pixels",
        ge=32,
        le=512,
    )
    crop: Crop = setting(
        "squeeze",
        "How an image that is not square becomes one: squeeze keeps all of it and distorts it, center cuts out the "
        "largest centred square and loses the edges.",
    )
    batch_size: int = setting(32, "Images per training step.", unit="images", ge=1, le=1024)
    epochs: int = setting(
        10,
        "Maximum number of passes over the training images. Early stopping may end sooner.",
        unit="epochs",
        ge=1,
        le=1000,
    )
    min_steps: int = setting(
        0,
        "Training steps that an epoch has at least: few images are passed several times. 0: one pass, as in Keras.",
        unit="steps",
        ge=0,
        le=10_000,
    )
    learning_rate: float = setting(1e-4, "How far Adam moves the weights in each step.", gt=0, le=1)
    schedule: Schedule = setting(
        "plateau",
        "How the learning rate falls: plateau drops it when the validation loss no longer improves "
        "(ReduceLROnPlateau), cosine lowers it in every step, to 0 at the end (CosineDecay).",
    )
    pooling: Pooling = setting(
        "flatten",
        "How the feature map becomes one vector: flatten keeps every position, average keeps each feature's mean.",
    )
    units: int = setting(512, "Neurons in the hidden layer of the head.", unit="neurons", ge=1, le=4096)
    l2: float = setting(0.01, "L2 penalty on large weights in the hidden layer. Reduces overfitting.", ge=0, le=10)
    dropout: float = setting(
        0.5, "Share of the hidden neurons switched off at random in each step. Reduces overfitting.", ge=0, lt=1
    )
    copies: int = setting(
        1, "Augmented copies of each training image, drawn once before training.", unit="copies", ge=0, le=20
    )
    augment_validation: bool = setting(
        False,
        "Add augmented copies to the validation images too, as the notebook does. Off by default: new photos are not "
        "augmented, so the score would measure something else.",
    )
    augmentation: AugmentationConfig = setting(AugmentationConfig(), "How the copies differ from their originals.")
    early_stopping_patience: int = setting(
        5, "Epochs without a lower validation loss after which training stops.", unit="epochs", ge=0, le=1000
    )
    reduce_lr_patience: int = setting(
        2, "Epochs without a lower validation loss after which the learning rate drops.", unit="epochs", ge=0, le=1000
    )
    reduce_lr_factor: float = setting(0.2, "The learning rate is multiplied by this when it drops.", gt=0, lt=1)
    temperature_scaling: bool = setting(
        False,
        "After training, fit one number by which all logits are divided, so that the confidence matches how often "
        "predictions are right. Accuracy stays. Needs 100 validation images.",
    )
    validation_split: float = setting(
        0.2, "Share of the images set aside for validation when the dataset has no split of its own.", gt=0, lt=1
    )
    seed: int = setting(0, "The same seed, settings and data give the same result on one machine.", ge=0, le=2**31 - 1)


def preset_of(config: TrainingConfig) -> Preset:
    """The preset that these settings began with: the two differ in their pooling."""
    return "fast" if config.pooling == "average" else "notebook"


def preset(name: Preset) -> TrainingConfig:
    """The settings called `notebook` (Flatten, as taught) or `fast` (average pooling: 25 times fewer weights; learns to
    its end on few images too, and from undistorted ones; calibrated)."""
    if name == "notebook":
        return TrainingConfig()
    return TrainingConfig(
        crop="center",
        pooling="average",
        learning_rate=1e-3,
        schedule="cosine",
        min_steps=50,
        l2=0.003,
        temperature_scaling=True,
    )
