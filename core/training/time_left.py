"""One estimate of the time that is left of a run: features, epochs and saving together."""

from core.runs.feature_plan import Workload
from core.runs.history import History
from core.runs.run import Run
from core.runs.settings import TrainingConfig
from core.training.estimate import VALIDATION_BATCH
from core.training.model_summary import pooling_cost
from core.training.patience import seconds_left
from core.training.schedule import num_steps

# Of an ordinary machine: they stand in until the first epoch has been timed. Adam moves three numbers for each weight.
STEP_SECONDS, STEP_SECONDS_A_WEIGHT = 0.005, 4e-9
VALIDATION_SHARE = 0.5  # of a step's time, for a batch that is scored only
SAVE_SECONDS, SAVE_SECONDS_A_WEIGHT = 4.0, 3e-7


def seconds_after_features(work: Workload, config: TrainingConfig) -> float:
    """Roughly how long all epochs and saving take, before anything is known of this machine."""
    step = STEP_SECONDS + STEP_SECONDS_A_WEIGHT * pooling_cost(config, config.pooling).weights
    train_steps = num_steps(work.train_rows, config.batch_size, config.min_steps)
    steps = train_steps + VALIDATION_SHARE * -(-work.validation_rows // VALIDATION_BATCH)
    return config.epochs * steps * step + _save_seconds(config)


def time_left(run: Run, history: History) -> float | None:
    """Seconds until the run ends if it does not stop early; None while that cannot be known."""
    if history.phase == "features" and history.rate > 0 and history.expected is not None:
        return (history.total - history.done) / history.rate + history.expected
    if history.phase in ("head", "fine_tune"):
        left = seconds_left(history, run.last_epoch)
        return history.expected if left is None else left + _save_seconds(run.config)
    return None


def _save_seconds(config: TrainingConfig) -> float:
    return SAVE_SECONDS + SAVE_SECONDS_A_WEIGHT * pooling_cost(config, config.pooling).weights
