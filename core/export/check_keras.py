"""Validates a stranger's model.keras as data: nothing in it is run or built here.

It must consist of the layers that Pawlab uses, with its weights in the file itself.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py

from core.backbone import hdf5
from core.errors import PawlabError
from core.export.files import refused
from core.storage.archives import ArchiveLimits, extract_zip
from core.text.lines import error_line

_MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}
_LIMITS = ArchiveLimits(members=len(_MEMBERS), total_bytes=2 * 2**30, depth=1)
MAX_CONFIG = 4 * 2**20  # bytes; ours have 170 KB
_LAYERS = {
    "keras": {"Sequential", "DTypePolicy"},
    "keras.src.models.functional": {"Functional"},
    "keras.initializers": {"GlorotUniform", "Ones", "Zeros"},
    "keras.regularizers": {"L2"},
    "keras.layers": {
        *("Add", "BatchNormalization", "Conv2D", "Dense", "DepthwiseConv2D", "Dropout", "Flatten"),
        *("GlobalAveragePooling2D", "InputLayer", "ReLU", "Rescaling", "ZeroPadding2D"),
    },
    None: {"__keras_tensor__"},
}
_ACTIVATIONS = {"linear", "relu", "sigmoid", "softmax"}
MAX_VARIABLES = 2000


def check_keras(path: Path, scratch: Path) -> None:
    """Raises ArchiveError where a `.keras` file contains anything but layers that Pawlab uses.

    Args:
        scratch: A folder to create and unpack into.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
        if set(names) != _MEMBERS or len(names) != len(_MEMBERS):
            raise _bad(f"contains {', '.join(names)[:120]}")
        extract_zip(path, scratch, limits=_LIMITS)
        if (scratch / "config.json").stat().st_size > MAX_CONFIG:
            raise _bad("has a configuration of megabytes")
        config = json.loads((scratch / "config.json").read_bytes())
        json.loads((scratch / "metadata.json").read_bytes()[:MAX_CONFIG])
        _check_objects(config)
        _check_numbers(scratch / "model.weights.h5")
    except PawlabError as error:
        raise error if error.received.startswith("model.keras") else _bad(error.received) from error
    except (zipfile.BadZipFile, RecursionError, *hdf5.READ_ERRORS) as error:
        raise _bad(f"cannot be read: {error_line(error, 120)}") from error


def _check_objects(value: Any) -> None:
    """Checks every object that Keras would build, and every name that it would look up."""
    if isinstance(value, list):
        for item in value:
            _check_objects(item)
    elif isinstance(value, dict):
        if "class_name" in value or "module" in value or "registered_name" in value:
            name, module = value.get("class_name"), value.get("module")
            if not isinstance(name, str) or not isinstance(module, str | None) or name not in _LAYERS.get(module, ()):
                raise _bad(f"contains {str(module)[:60]}.{str(name)[:60]}")
            if value.get("registered_name") not in (None, "Functional"):
                raise _bad(f"contains {str(value['registered_name'])[:60]}")
        if (activation := value.get("activation", "linear")) not in _ACTIVATIONS:
            raise _bad(f"uses the activation {str(activation)[:60]}")
        for item in value.values():
            _check_objects(item)


def _check_numbers(path: Path) -> None:
    """Checks that no link and no array leads out of the file."""
    with h5py.File(path, "r") as root:
        waiting, num_members = [root], 0
        while waiting:
            group = waiting.pop()
            for name in group:
                num_members += 1
                if num_members > MAX_VARIABLES:
                    raise _bad(f"has more than {MAX_VARIABLES} arrays")
                member = hdf5.member(group, name)
                if isinstance(member, h5py.Group):
                    waiting.append(member)
                elif member.external or member.is_virtual or member.dtype.kind not in "fiu":
                    raise _bad("reads weights from another file, or has none")


def _bad(problem: str) -> PawlabError:
    return refused(f"model.keras {problem}", "a classifier as Pawlab writes it")
