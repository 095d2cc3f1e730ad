"""What EarlyStopping and ReduceLROnPlateau are waiting for, in words."""

from core.runs.history import History
from core.runs.settings import TrainingConfig
from core.training.patience import Patience, patience_of
from core.training.schedule import CHOOSING_IMAGES
from pages.ui.shared.text import learning_rate


def patience_in_words(history: History, config: TrainingConfig) -> str:
    """How close training is to a lower learning rate and to its end: always two lines, so that nothing moves."""
    now = patience_of(history.epochs, config, history.fine_tune)
    if not history.chooses:
        return f"{_decay(now, config)}  \nThe last epoch is kept: the validation images are too few to choose one."
    if now.plateau_waited is None:
        rate = _decay(now, config)
    else:
        more = max(1, now.plateau_patience - now.plateau_waited)
        rate = f"Learning rate {learning_rate(now.learning_rate)}: will drop if the loss does not improve in"
        rate = f"{rate} {epochs(more, 'more ')}."
    latest_is_best = history.epochs and not now.waited
    end = "the latest is the best so far" if latest_is_best else f"training stops at {now.patience:,}"
    stopping = f"Early stopping: {now.waited:,} of {epochs(now.patience)} without improvement; {end}."
    return f"{rate}  \n{stopping}"


def _decay(now: Patience, config: TrainingConfig) -> str:
    return (
        f"Learning rate {learning_rate(now.learning_rate)}: falls to 0 by epoch {config.epochs:,} along half a cosine."
    )


def few_validation_images(count: int, *, chooses: bool) -> str:
    """What fewer validation images than `CHOOSING_IMAGES` mean for a run."""
    words = f"With {count:,} validation images, each is worth {100 / count:.0f} points of accuracy"
    if chooses:
        return f"{words}: which epoch was kept is partly chance. {CHOOSING_IMAGES} or more can choose."
    return f"{words}: too few to choose an epoch ({CHOOSING_IMAGES} can), so the last one was kept."


def drops_in_words(history: History, config: TrainingConfig) -> str:
    """When the learning rate dropped, and why. `history` has at least one drop."""
    latest, patience = history.drops[-1], config.reduce_lr_patience
    why = (
        f"the validation loss had not improved for {epochs(patience)}"
        if patience
        else "the validation loss did not fall"
    )
    words = (
        f"After epoch {latest['epoch']} the learning rate dropped to {learning_rate(latest['learning_rate'])}, because "
        f"{why}. Smaller steps can settle where larger ones overshoot."
    )
    earlier = [str(drop["epoch"]) for drop in history.drops[:-1]]
    if earlier:
        shown = earlier if len(earlier) <= 6 else [*earlier[:5], "…", earlier[-1]]
        words += f" Earlier drops: after {'epoch' if len(earlier) == 1 else 'epochs'} {', '.join(shown)}."
    return words


def epochs(count: int, more: str = "") -> str:
    """ "1 epoch", "2 epochs"; with `more`, "2 more epochs"."""
    return f"{count:,} {more}{'epoch' if count == 1 else 'epochs'}"
