"""EarlyStopping and ReduceLROnPlateau as plain state that a checkpoint can hold, and cosine decay, which needs none.

Keras' callbacks keep their counters in the object and clear them in `on_train_begin`, so a resumed `fit` counts from 0
again. These two make the same decisions from the same numbers (a test runs Keras' own beside them) and are small
dataclasses of numbers: `asdict` saves them, the constructor restores them.
"""

import math
from dataclasses import dataclass

CHOOSING_IMAGES = 30
"""Validation images with fewer of which a loss is chance: one image is 3 points of accuracy and more."""


def num_passes(rows: int, batch_size: int, min_steps: int) -> int:
    """How often an epoch passes over `rows` images, so that it has at least `min_steps` steps."""
    return max(1, math.ceil(((min_steps - 1) * batch_size + 1) / rows))


def num_steps(rows: int, batch_size: int, min_steps: int) -> int:
    """Training steps of an epoch."""
    return math.ceil(num_passes(rows, batch_size, min_steps) * rows / batch_size)


@dataclass
class EarlyStopping:
    """Stops once the validation loss has not fallen for `patience` epochs; the best epoch's weights are to be kept.

    Source: `keras.callbacks.EarlyStopping(monitor="val_loss", restore_best_weights=True)`.

    Where `chooses` is False, the latest epoch is always the best and nothing stops.
    """

    patience: int
    wait: int = 0
    best: float | None = None
    best_epoch: int = 0
    stopped_epoch: int = 0
    chooses: bool = True

    def update(self, epoch: int, val_loss: float) -> bool:
        """Updates with epoch `epoch` (from 1). True if it is the best so far."""
        if not self.chooses or self.best is None or val_loss < self.best:
            self.best, self.best_epoch, self.wait = val_loss, epoch, 0
            return True
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
        return False

    @property
    def stop(self) -> bool:
        return self.stopped_epoch > 0


@dataclass
class ReduceLROnPlateau:
    """Multiplies the learning rate by `factor` once the validation loss has not fallen for `patience` epochs.

    Source: `keras.callbacks.ReduceLROnPlateau(monitor="val_loss")` with its defaults `min_delta` 1e-4, `cooldown` 0 and
    `min_lr` 0.
    """

    patience: int
    factor: float
    learning_rate: float
    wait: int = 0
    best: float | None = None
    min_delta: float = 1e-4

    def update(self, val_loss: float) -> bool:
        """Updates with the loss of an epoch. True if the learning rate drops."""
        if self.best is None or val_loss + self.min_delta < self.best:
            self.best, self.wait = val_loss, 0
            return False
        self.wait += 1
        if self.wait < self.patience:
            return False
        self.wait = 0
        self.learning_rate *= self.factor
        return True

    def rate(self, epochs: float) -> float:
        """The learning rate after so many epochs, which need not be whole: the same throughout an epoch."""
        return self.learning_rate


@dataclass
class CosineDecay:
    """Lowers the learning rate in every step, from `learning_rate` to 0 after `epochs`.

    Source: `keras.optimizers.schedules.CosineDecay` without warm-up (Loshchilov and Hutter 2017, without restarts).
    """

    learning_rate: float
    epochs: int

    def update(self, val_loss: float) -> bool:
        """Nothing that was measured changes it: False."""
        return False

    def rate(self, epochs: float) -> float:
        """The learning rate after so many epochs, which need not be whole."""
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * epochs / self.epochs))


Schedule = ReduceLROnPlateau | CosineDecay
