"""The settings of a run that trains on a folder of features."""

from core.errors import InputError
from core.runs.settings import TrainingConfig, preset
from core.storage.parts import PartsFolder, finished

_SETTINGS = ("image_size", "crop", "copies", "seed", "augmentation")


def config_of_features(text: str) -> TrainingConfig:
    """Those with which the features were computed, and otherwise the preset's with that pooling.

    Args:
        text: The folder's path or address.

    Raises:
        InputError: It holds no features, or is unfinished.
    """
    settings = finished(PartsFolder(text), "features").settings
    config = preset("fast" if settings.get("pooling") == "average" else "notebook")
    try:
        return config.changed(**{name: settings[name] for name in _SETTINGS if name in settings})
    except InputError as error:
        raise InputError(f"{text} is broken: {error.received}", "a folder that `features` wrote") from error
