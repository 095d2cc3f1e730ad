"""Writes a run as one HTML file that classifies photos and camera frames in a browser, without a network.

The file holds the model, the reference set of training images, ONNX Runtime Web, and a small page. A policy in it
forbids every request. Names come from strangers: they are escaped, and the page's script puts them in as text only.

How it is verified: here, that what the finished file unpacks to is the model and the runtime, byte for byte. That they
give the app's predictions, the page proves itself whenever it is opened, in the browser that counts: it classifies a
drawing and refuses to work where a probability differs by more than 1e-4. (A browser that happens to be on this machine
would prove it for that one only.)
"""

import base64
import binascii
import hashlib
import io
import mmap
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.errors import ExportError, PawlabError
from core.export.manifest import manifest_of
from core.export.page.content import about_json, classes_line, description
from core.export.page.runtime import licences, load_runtime
from core.inference.classifier import Classifier
from core.jobs.progress import Progress, silent
from core.runs.limits import frozen_base
from core.runs.run import Run
from core.storage.files import atomic_file
from core.text.markup import escape_html

Source = bytes | Path
SCRIPTS = ("unpack.js", "resize.js", "neighbours.js", "model.js", "camera.js", "page.js")
CHUNK = 3 * 2**18  # bytes; base64 turns each three into four letters
PHASE = "page"
_PLACE = re.compile(r"\$(\w+)")
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """A verified page: `packed` says how many bytes each of its parts has, unpacked."""

    path: str
    bytes: int
    packed: Mapping[str, int]


def write_page(run: Run, target: Path, progress: Progress = silent) -> Page:
    """Writes the page of a run with a model to `target`, which appears only when it has been verified.

    Args:
        target: A file in a folder that exists; an existing file is replaced.
        progress: Reports the phases "runtime" and "page".

    Raises:
        RunError: The run has no model, or its files are broken.
        InputError, DownloadError: ONNX Runtime Web cannot be had.
        ExportError: The file holds something else than it should.
        PawlabError: The file cannot be written.
        Cancelled: From `progress`.
    """
    manifest, classifier = manifest_of(run), Classifier.open(run)
    runtime = load_runtime(progress)
    progress(PHASE, 0, 0)
    script, style = "".join(map(_read, SCRIPTS)), _read("page.css")
    texts = {
        "policy": policy(script, style),
        "name": escape_html(manifest.name),
        "classes": classes_line(manifest),
        "description": description(manifest, classifier.neighbours),
        "licences": escape_html(licences()),
        "about": about_json(manifest, classifier),
        "style": style,
        "script": script,
    }
    packed: dict[str, Source] = {"runtime": runtime.script, "wasm": runtime.wasm, "model": run.model_file()}
    if classifier.neighbours:
        packed["neighbours"] = classifier.neighbours.features.astype("<f2").tobytes()
        if base := frozen_base(run):
            packed["base"] = base
    try:
        with atomic_file(target) as temporary:
            with temporary.open("wb") as file:
                for piece in _pieces(texts, packed, progress):
                    file.write(piece)
            with temporary.open("rb") as file:
                sizes = {name: verify_part(file, name, source) for name, source in packed.items()}
    except OSError as error:
        raise PawlabError(f"{target} cannot be written: {error.strerror or error}") from error
    return Page(str(target), target.stat().st_size, sizes)


def policy(script: str, style: str) -> str:
    """The Content-Security-Policy: our script and style by their hashes; the runtime, which the script unpacks, as a
    blob that compiles WebAssembly; images that the page makes; nothing else, and no address at all."""
    return (
        f"default-src 'none'; script-src {_hash(script)} blob: 'wasm-unsafe-eval'; style-src {_hash(style)}; "
        "img-src blob: data:; base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _pieces(texts: Mapping[str, str], packed: Mapping[str, Source], progress: Progress) -> Iterator[bytes]:
    """The template with its places filled, piece by piece: a page with the Flatten head has 100 MB."""
    for number, part in enumerate(_PLACE.split(_read("page.html"))):
        if not number % 2:
            yield part.encode()
        elif part in texts:
            yield texts[part].encode()
        else:  # the only other place: "parts"
            for name, source in packed.items():
                yield f'<script type="text/plain" id="{name}">'.encode()
                with _opened(source) as content:
                    yield from _base64(_gzip(content, progress))
                yield b"</script>\n"


def _opened(source: Source) -> io.BytesIO | io.BufferedReader:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _gzip(source: BinaryIO, progress: Progress) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)  # 31: with gzip's header, which browsers unpack
    while chunk := source.read(CHUNK):
        progress(PHASE, 0, 0)
        yield packer.compress(chunk)
    yield packer.flush()


def _base64(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % 3
        yield base64.b64encode(rest[:whole])
        rest = rest[whole:]
    yield base64.b64encode(rest)


def verify_part(file: BinaryIO, name: str, source: Source) -> int:
    """Unpacks a part as the page does. Returns its size in bytes.

    Raises:
        ExportError: It is not `source`.
    """
    unpacked, size, unpacker = hashlib.sha256(), 0, zlib.decompressobj(wbits=31)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content, _opened(source) as original:
        expected = hashlib.file_digest(original, "sha256")
        places = re.finditer(rb'<script type="text/plain" id="%b">([^<]*)</script>' % name.encode(), content)
        spans = [place.span(1) for place in places]
        with suppress(zlib.error, binascii.Error):  # then `unpacker` does not come to its end
            for start, end in spans:
                for at in range(start, end, 4 * CHUNK):
                    chunk = unpacker.decompress(base64.b64decode(content[at : min(end, at + 4 * CHUNK)], validate=True))
                    unpacked.update(chunk)
                    size += len(chunk)
    if len(spans) != 1 or not unpacker.eof or unpacked.digest() != expected.digest():
        raise ExportError(f"The {name} in the page is not the one that was written", "the same bytes", "Export again")
    return size
