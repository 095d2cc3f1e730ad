"""What EarlyStopping and ReduceLROnPlateau are up to, in sentences."""

from core.training.history import History
from core.training.patience import patience_of
from core.training.recipe import TrainingConfig
from pages.ui.words import learning_rate


def patience_in_words(history: History, config: TrainingConfig) -> str:
    """How near training is to a lower learning rate and to its end."""
    now = patience_of(history.epochs, config, history.fine_tune)
    words = [f"Learning rate {learning_rate(now.learning_rate)}."]
    if not now.waited:
        words.append("The latest epoch is the best so far." if history.epochs else "")
    else:
        waited = f"{now.waited} of {_epochs(now.patience)} without a lower validation loss"
        words.append(f"{waited}: at {now.patience} training stops.")
    if now.plateau_waited and now.plateau_waited < now.plateau_patience:
        words.append(f"{_epochs(now.plateau_patience - now.plateau_waited)} more, and the learning rate drops.")
    return " ".join(filter(None, words))


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
