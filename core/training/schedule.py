"""EarlyStopping and ReduceLROnPlateau as plain state that a checkpoint can hold.

Keras' callbacks keep their counters in the object and clear them in `on_train_begin`, so a resumed `fit` counts from 0
again. These two make the same decisions from the same numbers (a test runs Keras' own beside them) and are small
dataclasses of numbers: `asdict` saves them, the constructor restores them.
"""

from dataclasses import dataclass


@dataclass
class EarlyStopping:
    """Stops once the validation loss has not fallen for `patience` epochs; the best epoch's weights are to be kept.

    Source: `keras.callbacks.EarlyStopping(monitor="val_loss", restore_best_weights=True)`.
    """

    patience: int
    wait: int = 0
    best: float | None = None
    best_epoch: int = 0
    stopped_epoch: int = 0

    def update(self, epoch: int, val_loss: float) -> bool:
        """Updates with epoch `epoch` (from 1). True if it is the best so far."""
        if self.best is None or val_loss < self.best:
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
