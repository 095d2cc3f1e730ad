"""The settings of fine-tuning, the second stage of a run: which layers are trained, how fast and how long.

Method: the Keras guide "Transfer learning & fine-tuning" (keras.io/guides/transfer_learning). Once the head fits, the
last layers of the base are unfrozen and trained with it at a small learning rate. BatchNormalization keeps its moving
statistics and its scale: a few images a step would spoil what it learned from a million.
"""

from pydantic import Field

from core.backbone.keras_layers import MOST_LAYERS, NUM_LAYERS, frozen_blocks, unfrozen
from core.config import Settings, setting


class FineTuningConfig(Settings):
    """The settings of the second stage. All others are those of the run that it starts from."""

    layers: int = setting(
        20,
        f"How many of the base model's {NUM_LAYERS} layers to unfreeze, counted from the end: 3 is the last "
        "convolution alone. More layers adapt better, but take longer and overfit sooner.",
        unit="layers",
        ge=3,
        le=MOST_LAYERS,
    )
    epochs: int = setting(
        5, "Maximum number of passes over the training images in this stage.", unit="epochs", ge=1, le=1000
    )
    learning_rate: float = setting(
        1e-5,
        "How far Adam moves the weights in each step. Keep it small: the base model should adapt, not forget.",
        gt=0,
        le=1,
    )

    @property
    def blocks(self) -> int:
        """How many blocks of the base lie wholly below the first unfrozen layer. Their output is computed once."""
        return frozen_blocks(self.layers)


class FineTuning(Settings):
    """A run's second stage: its settings, and the run that it starts from.

    `run` and `name` are the first run's id and name; nothing is read from its folder any more. `epochs` is how many
    epochs it had: the second stage counts on from there.
    """

    run: str
    name: str
    epochs: int = Field(ge=1)
    settings: FineTuningConfig

    @property
    def first_epoch(self) -> int:
        return self.epochs + 1

    @property
    def last_epoch(self) -> int:
        """The highest epoch number that training can reach."""
        return self.epochs + self.settings.epochs


def unfrozen_in_words(settings: FineTuningConfig) -> str:
    """Which layers may change, in one sentence."""
    first = unfrozen(settings.layers)[0]
    return f"Trains the last {settings.layers} layers, from {first} on, together with the head."
