"""The settings of fine-tuning, the second stage of a run: which layers may move, how far, and how long.

Method: the Keras guide "Transfer learning & fine-tuning" (keras.io/guides/transfer_learning). Once the head fits, the
last layers of the base are unfrozen and trained with it at a small learning rate. BatchNormalization keeps its moving
statistics and its scale: a few pictures a step would spoil what it learned from a million.
"""

from dataclasses import dataclass
from typing import Any

from core.backbone.keras_layers import MOST_LAYERS, NUM_LAYERS, frozen_blocks, unfrozen
from core.config import Settings, setting


class FineTuningConfig(Settings):
    """What the second stage does. Everything else is as in the run that it starts from."""

    layers: int = setting(
        20,
        f"How many of the base's {NUM_LAYERS} layers, counted from its end, may change: 3 is the last convolution "
        "alone. More can adapt to more, take longer, and overfit sooner.",
        unit="layers",
        ge=3,
        le=MOST_LAYERS,
    )
    epochs: int = setting(5, "Times that fine-tuning goes through all pictures, at most.", unit="epochs", ge=1, le=1000)
    learning_rate: float = setting(
        1e-5,
        "How far Adam moves the weights in one step. Small, so that what the base knows is adjusted, not overwritten.",
        gt=0,
        le=1,
    )

    @property
    def blocks(self) -> int:
        """How many blocks of the base lie wholly below the first unfrozen layer: pictures pass them once."""
        return frozen_blocks(self.layers)


@dataclass(frozen=True)
class FineTuning:
    """A run's second stage: its settings, and the run that it starts from.

    `run` and `name` say which run that was; nothing is read from it any more. `epochs` is how many epochs it had: the
    second stage's are counted on from there.
    """

    run: str
    name: str
    epochs: int
    settings: FineTuningConfig

    @property
    def first_epoch(self) -> int:
        return self.epochs + 1

    @property
    def last_epoch(self) -> int:
        """The last one that there can be."""
        return self.epochs + self.settings.epochs

    def to_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "name": self.name,
            "epochs": self.epochs,
            "settings": self.settings.model_dump(mode="json"),
        }

    @classmethod
    def from_json(cls, stored: Any) -> "FineTuning":
        """Raises KeyError, TypeError, ValueError or ConfigError: it is not what `to_json` gave."""
        epochs = int(stored["epochs"])
        if epochs < 1:
            raise ValueError(f"fine-tuning after {epochs} epochs")
        settings = FineTuningConfig.create(stored["settings"])
        return cls(str(stored["run"]), str(stored["name"]), epochs, settings)


def unfrozen_in_words(settings: FineTuningConfig) -> str:
    """Which layers may change, in one sentence."""
    first = unfrozen(settings.layers)[0]
    return f"The last {settings.layers} layers, from {first} on, may change together with the head."
