"""Every error that Pawlab raises on purpose.

PawlabError
├── InputError            the user's input cannot be used: the command line exits with 2
│   ├── ConfigError       a setting is out of its range or does not fit another
│   ├── DatasetError      a source holds no usable dataset
│   │   ├── ArchiveError  a zip is broken, hostile or too large
│   │   ├── NamedFilesError  a source has no class folders, but files that are named by class
│   │   └── UnlabelledError  a source has images, but no labels for them yet
│   ├── ImageError        bytes are not an image that we decode
│   │   └── LargeImageError  an image takes more memory than was allowed here
│   └── RunError          a run does not exist or is not in the state that was asked for
├── DownloadError         a file could not be downloaded whole and unchanged
├── WeightsError          no source of pre-trained weights could be used
├── ExportError           a saved model does not reproduce its predictions
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
    """The user's input cannot be used."""


class ConfigError(InputError):
    """A setting is out of its range or does not fit another."""


class DatasetError(InputError):
    """A source holds no usable dataset."""


class ArchiveError(DatasetError):
    """A zip is broken, hostile or too large."""


class NamedFilesError(DatasetError):
    """A source has no class folders, but files that are named by class: it can be opened by these names."""


class UnlabelledError(DatasetError):
    """A source has images without labels, which can be given by hand (`core.datasets.loading.open_unlabelled`)."""


class ImageError(InputError):
    """Bytes are not an image that we decode. `received` is the reason that a scan records."""


class LargeImageError(ImageError):
    """Decoding an image takes more memory than was allowed: `memory` bytes."""

    def __init__(self, received: str, expected: str = "", fix: str = "", *, memory: int = 0) -> None:
        super().__init__(received, expected, fix)
        self.memory = memory


class RunError(InputError):
    """A run does not exist or is not in the state that was asked for."""


class DownloadError(PawlabError):
    """A file could not be downloaded whole and unchanged."""


class WeightsError(PawlabError):
    """No source of pre-trained weights could be used. The message lists what was tried."""


class ExportError(PawlabError):
    """A saved model does not reproduce its predictions."""


class Cancelled(PawlabError):
    """The user stopped a job; nothing is wrong."""
