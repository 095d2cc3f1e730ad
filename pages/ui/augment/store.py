"""Settings outside a session: a link, a file, a name on this machine's disk."""

import logging

from core.augmentation import AugmentationConfig
from core.augmentation.sharing import from_link, import_json, to_link
from core.augmentation.store import LONGEST_NAME, Store
from core.errors import PawlabError

__all__ = ["LONGEST_NAME", "Store", "from_link", "import_json", "last", "remember", "to_link"]


def last() -> AugmentationConfig:
    """The settings used last on this machine, else the default."""
    return Store().last()


def remember(config: AugmentationConfig) -> None:
    """Makes `config` what `last` returns. A full disk must not keep anyone from tuning: it is only logged."""
    try:
        Store().remember(config)
    except PawlabError as error:
        logging.getLogger(__name__).warning("the settings were not saved: %s", error)
