"""The settings of a training run: every number of the notebook's recipe, and the two presets."""

from typing import Literal

from core.augmentation import AugmentationConfig
from core.config import Settings, setting

Pooling = Literal["flatten", "average"]
Preset = Literal["notebook", "fast"]


class TrainingConfig(Settings):
    """What one run does. The defaults are the notebook's; `preset("fast")` swaps the expensive head for a small one.

    Names that exist in Keras mean what they mean there.
    """

    image_size: int = setting(
        160,
        "Side of the square that every picture is resized to before it enters the base.",
        unit="pixels",
        ge=32,
        le=512,
    )
    batch_size: int = setting(32, "Pictures that one step of training looks at together.", unit="images", ge=1, le=1024)
    epochs: int = setting(10, "Times that training goes through all pictures, at most.", unit="epochs", ge=1, le=1000)
    learning_rate: float = setting(1e-4, "How far Adam moves the weights in one step.", gt=0, le=1)
    pooling: Pooling = setting(
        "flatten",
        "How the base's feature map becomes one vector: flatten keeps every position, average keeps the mean of each.",
    )
    units: int = setting(512, "Neurons in the hidden layer of the head.", unit="neurons", ge=1, le=4096)
    l2: float = setting(0.01, "Penalty on large weights in the hidden layer (L2): holds back overfitting.", ge=0, le=10)
    dropout: float = setting(0.5, "Share of the hidden neurons switched off at random in each step.", ge=0, lt=1)
    copies: int = setting(
        1, "Augmented copies that stand beside each original, drawn once before training.", unit="copies", ge=0, le=20
    )
    augment_validation: bool = setting(
        False,
        "Add copies to the validation pictures too, as the notebook does. Off by default: it changes what the score "
        "measures, since new photos arrive without augmentation.",
    )
    augmentation: AugmentationConfig = setting(AugmentationConfig(), "How the copies differ from their originals.")
    early_stopping_patience: int = setting(
        5, "Epochs without a lower validation loss after which training stops.", unit="epochs", ge=0, le=1000
    )
    reduce_lr_patience: int = setting(
        2, "Epochs without a lower validation loss after which the learning rate drops.", unit="epochs", ge=0, le=1000
    )
    reduce_lr_factor: float = setting(0.2, "What the learning rate is multiplied by when it drops.", gt=0, lt=1)
    validation_split: float = setting(
        0.2, "Share set aside for validation when the dataset brings no split of its own.", gt=0, lt=1
    )
    seed: int = setting(0, "The same seed, settings and data give the same run on one machine.", ge=0, le=2**31 - 1)


def preset(name: Preset) -> TrainingConfig:
    """The settings called `notebook` (Flatten, as taught) or `fast` (average pooling: 25 times fewer weights)."""
    if name == "notebook":
        return TrainingConfig()
    return TrainingConfig(pooling="average", learning_rate=1e-3)
