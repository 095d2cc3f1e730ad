"""The burst of a collected image, which stands in its name: `pawlab-20261129-223510-a1b2c3-0001.jpg`.

Images of one burst were taken while a button was held. They are near copies of each other, so no split parts them
(`core.datasets.groups`). The name says so wherever the file goes: into another class, a zip, another machine.
"""

import re
import secrets
from datetime import UTC, datetime

_BURST = r"\d{8}-\d{6}-[0-9a-f]{6}"
_NAME = re.compile(rf"pawlab-(?P<burst>{_BURST})-(?P<number>\d{{4,12}})(-\d{{1,9}})?\.[A-Za-z0-9]+", re.ASCII)


def new_burst() -> str:
    """A burst of its own: the moment in UTC and random digits, as `20261129-223510-a1b2c3`."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def is_burst(text: str) -> bool:
    """Whether `text` is what `new_burst` gives."""
    return re.fullmatch(_BURST, text, re.ASCII) is not None


def burst_of(path: str) -> str:
    """The burst of an image by its path, with forward slashes; "" for any name that Pawlab did not give.

    A name that a zip had to tell from another (`…-0001-2.jpg`) keeps its burst.
    """
    match = _NAME.fullmatch(path.rpartition("/")[2])
    return match["burst"] if match else ""


def number_of(path: str) -> int:
    """The number of an image within its burst; 0 for any name that Pawlab did not give."""
    match = _NAME.fullmatch(path.rpartition("/")[2])
    return int(match["number"]) if match else 0


def image_name(burst: str, number: int, suffix: str) -> str:
    """The name of image `number`, 1 and up, of a burst; `suffix` begins with a dot."""
    return f"pawlab-{burst}-{number:04d}{suffix}"
