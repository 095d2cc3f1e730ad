"""What EarlyStopping and ReduceLROnPlateau are up to, in sentences."""

from core.training.history import History
from core.training.patience import patience_of
from core.training.recipe import TrainingConfig
from pages.ui.words import learning_rate


def patience_in_words(history: History, config: TrainingConfig) -> str:
    """How near training is to a lower learning rate and to its end: two lines always, so that nothing moves."""
    now = patience_of(history.epochs, config, history.fine_tune)
    more = max(1, now.plateau_patience - now.plateau_waited)
    rate = f"Learning rate {learning_rate(now.learning_rate)}: drops after {_epochs(more)} more without a lower loss."
    waited = f"{now.waited:,} of {_epochs(now.patience)} without a lower validation loss"
    latest_is_best = history.epochs and not now.waited
    end = "the latest is the best so far" if latest_is_best else f"at {now.patience:,} training stops"
    return f"{rate}  \n{waited}: {end}."


def drops_in_words(history: History, config: TrainingConfig) -> str:
    """When the learning rate dropped, and why. `history` has at least one drop."""
    latest, patience = history.drops[-1], config.reduce_lr_patience
    why = (
        f"{_epochs(patience)} had brought no lower validation loss" if patience else "the validation loss did not fall"
    )
    words = (
        f"After epoch {latest['epoch']} the learning rate dropped to {learning_rate(latest['learning_rate'])}, because "
        f"{why}: smaller steps can settle where larger ones leap over."
    )
    earlier = [str(drop["epoch"]) for drop in history.drops[:-1]]
    if earlier:
        shown = earlier if len(earlier) <= 6 else [*earlier[:5], "…", earlier[-1]]
        words += f" It had dropped after {'epoch' if len(earlier) == 1 else 'epochs'} {', '.join(shown)} before."
    return words


def _epochs(count: int) -> str:
    return f"{count:,} {'epoch' if count == 1 else 'epochs'}"
