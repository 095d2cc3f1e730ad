"""Every error that Pawlab raises on purpose.

PawlabError
├── InputError            what the user gave cannot be used: the command line exits with 2
│   ├── ConfigError       a setting is out of its range or does not fit another
│   ├── DatasetError      a source holds no usable dataset
│   │   └── ArchiveError  a zip is broken, hostile or too large
│   ├── ImageError        bytes are not an image that we decode
│   │   └── LargeImageError  a picture is left to a process that decodes large ones
│   └── RunError          a run does not exist or is not in the state that was asked for
├── DownloadError         a file did not come over the network whole and unchanged
├── WeightsError          no source of pre-trained weights could be used
├── ExportError           a saved model does not give the numbers that it should
└── Cancelled             the user stopped a job; nothing is wrong

A page catches `PawlabError` and shows its message; nothing in core returns None or False for failure.
"""


class PawlabError(Exception):
    """Base of all. `str(error)` is one line: what was received, what was expected, how to fix it.

    Args:
        received: A sentence without its full stop that says what happened or what was given.
        expected: What would have been right, as the end of a sentence that begins with "Expected".
        fix: What the user can do next, as a sentence without its full stop.
    """

    def __init__(self, received: str, expected: str = "", fix: str = "") -> None:
        self.received, self.expected, self.fix = received, expected, fix
        sentences = [received, f"Expected {expected}" if expected else "", fix]
        text = " ".join(sentence.rstrip(".") + "." for sentence in sentences if sentence)
        super().__init__(" ".join(text.split()))


class InputError(PawlabError):
    """What the user gave cannot be used."""


class ConfigError(InputError):
    """A setting is out of its range or does not fit another."""


class DatasetError(InputError):
    """A source holds no usable dataset."""


class ArchiveError(DatasetError):
    """A zip is broken, hostile or too large."""


class ImageError(InputError):
    """Bytes are not an image that we decode. `received` is the reason that a scan records."""


class LargeImageError(ImageError):
    """A picture is so large that only one may be decoded at a time, and the caller is not the one who may."""


class RunError(InputError):
    """A run does not exist or is not in the state that was asked for."""


class DownloadError(PawlabError):
    """A file did not come over the network, or not whole and unchanged."""


class WeightsError(PawlabError):
    """No source of pre-trained weights could be used. The message lists what was tried."""


class ExportError(PawlabError):
    """A saved model does not give the numbers that it should."""


class Cancelled(PawlabError):
    """The user stopped a job; nothing is wrong."""
