"""A run as one HTML file: what is in it, that names stay text, and that no other runtime gets in."""

import base64
import gzip
import json
import os
import re
import tarfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from core.backbone.neighbours import load_neighbours
from core.errors import Cancelled, DownloadError, ExportError, InputError
from core.export.page import runtime
from core.export.page.build import verify_part, write_page
from core.inference.classifier import Classifier
from core.runs.choices import THRESHOLD
from core.runs.run import Run
from tests.cli.calling import core
from tests.export.making import HOSTILE, hostile_run
from tests.trained import at_home


class Elements(HTMLParser):
    """Every element with its attributes, and the text of each that has an id."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, str] = {}
        self._id = ""
        self.feed(file.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._id = dict(attrs).get("id") or tag
        self.texts.setdefault(self._id, "")

    def handle_endtag(self, tag: str) -> None:
        self._id = ""

    def handle_data(self, data: str) -> None:
        if self._id:
            self.texts[self._id] += data


@pytest.fixture(scope="module")
def plain(trained: Run, ort_web: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The page of the finished run as the command writes it, and what the command says. Treat it as read only."""
    folder = tmp_path_factory.mktemp("page")
    with at_home(folder / "home"), pytest.MonkeyPatch.context() as patch:
        patch.setenv(runtime.VARIABLE, str(ort_web))
        said = core("export", trained.directory, folder / "pets.HTML", "--json").result
        assert "exists already" in core("export", trained.directory, folder / "pets.HTML", code=2).stderr
    return folder / "pets.HTML", said


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch, ort_web: Path) -> Path:
    """The runtime, named as a user without npm would."""
    monkeypatch.setenv(runtime.VARIABLE, str(ort_web))
    return ort_web


def test_the_command_writes_model_and_runtime_as_they_are_and_asks_no_address(
    trained: Run, plain: tuple[Path, dict[str, Any]], ort_web: Path
) -> None:
    target, page = plain
    assert page["run"] == trained.id
    assert page["bytes"] == target.stat().st_size < 22e6
    elements = Elements(target)
    parts = {"model": trained.model_file().read_bytes()}
    with tarfile.open(ort_web) as archive:
        for part, file in {"runtime": "ort.wasm.bundle.min.mjs", "wasm": "ort-wasm-simd-threaded.wasm"}.items():
            member = archive.extractfile(f"package/dist/{file}")
            assert member is not None
            parts[part] = member.read()
    parts["neighbours"] = load_neighbours(trained.directory / "neighbours.npz", 2).features.astype("<f2").tobytes()
    assert set(page["packed"]) == set(parts)
    for part, content in parts.items():
        assert gzip.decompress(base64.b64decode(elements.texts[part], validate=True)) == content, part
        assert page["packed"][part] == len(content)
    about = json.loads(elements.texts["about"])
    assert about["classes"] == ["cats", "dogs"]
    drawing = base64.b64decode(about["check"]["image"])
    expected = Classifier.open(trained).classify(drawing)
    assert about["check"]["probabilities"] == pytest.approx(list(expected.probabilities.values()), abs=1e-6)
    assert about["check"]["distance"] == pytest.approx(expected.distance, abs=1e-6)
    addresses = [value for name, value in elements.attributes if name in ("src", "href", "action", "data", "srcset")]
    assert [value for value in addresses if not (value or "").startswith("data:")] == []
    text = target.read_text(encoding="utf-8")
    assert re.search(
        r"default-src 'none'; script-src 'sha256-[^']+' blob: 'wasm-unsafe-eval'; style-src 'sha256-", text
    )
    assert "Permission is hereby granted, free of charge" in elements.texts["pre"]


def test_names_are_text_wherever_they_stand(
    trained: Run, plain: tuple[Path, dict[str, Any]], named: Path, tmp_path: Path
) -> None:
    run = hostile_run(trained, tmp_path)
    THRESHOLD.keep(run, 0.75)
    write_page(run, tmp_path / "hostile.html")
    ordinary, hostile = Elements(plain[0]), Elements(tmp_path / "hostile.html")
    assert hostile.tags == ordinary.tags
    assert len(hostile.attributes) == len(ordinary.attributes)
    about = json.loads(hostile.texts["about"])
    assert tuple(about["classes"]) == HOSTILE
    assert about["threshold"] == 0.75
    assert hostile.texts["title"] == run.name
    assert hostile.texts["model"] == ordinary.texts["model"]


def test_a_page_that_unpacks_to_something_else_is_not_offered(
    trained: Run, plain: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    target, content = tmp_path / "page.html", plain[0].read_bytes()
    place = content.index(b'id="model">') + 3_000_000
    changes: dict[str, bytes] = {
        "another letter": content[:place]
        + (b"A" if content[place : place + 1] != b"A" else b"B")
        + content[place + 1 :],
        "cut": content[:place] + content[place + 4 :],
        "twice": content + content,
        "none": content.replace(b'id="model"', b'id="other"'),
    }
    for changed in changes.values():
        target.write_bytes(changed)
        with target.open("rb") as file, pytest.raises(ExportError, match="model in the page"):
            verify_part(file, "model", trained.model_file())


def test_nothing_is_left_of_a_page_that_was_stopped(trained: Run, named: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "page" and list(folder.iterdir()):
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        write_page(trained, folder / "page.html", stop)
    assert list(folder.iterdir()) == []


def _another_byte(file: Path, ort_web: Path) -> None:
    content = bytearray(ort_web.read_bytes())
    content[20_000_000] ^= 1
    file.write_bytes(content)


def _oversized(file: Path, ort_web: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(8 * 2**40)  # nobody reads it


def _pipe(file: Path, ort_web: Path) -> None:
    os.mkfifo(file)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_another_byte, "SHA-512"),
        (_oversized, "the limit is"),
        (_pipe, "no regular file"),
        (lambda file, ort_web: file.mkdir(), "directory"),
        (lambda file, ort_web: None, "No such file"),
    ],
)
def test_only_the_pinned_tarball_is_taken_from_the_user(
    make: Callable[[Path, Path], None], words: str, ort_web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "named.tgz", ort_web)
    monkeypatch.setenv(runtime.VARIABLE, str(tmp_path / "named.tgz"))
    with pytest.raises(InputError, match=words) as raised:
        runtime.load_runtime()
    assert runtime.VARIABLE in str(raised.value)


def test_without_npm_one_line_says_what_to_do(
    ort_web: Path, pawlab_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also where our copy is broken; a sound one needs no npm."""
    monkeypatch.delenv(runtime.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    copy = pawlab_home / "cache" / "onnxruntime-web" / runtime.FILE
    copy.parent.mkdir(parents=True)
    for content in (b"", ort_web.read_bytes()[:-1] + b"x"):
        copy.write_bytes(content)
        with pytest.raises(DownloadError, match=f"no npm.*{runtime.VARIABLE}=/path/to/{re.escape(runtime.FILE)}"):
            runtime.load_runtime()
    copy.write_bytes(ort_web.read_bytes())
    assert len(runtime.load_runtime().wasm) > 10_000_000


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f'echo "npm error network is down" >&2; exit 1; # {runtime.FILE}', "network is down"),
        (f"echo '{{}}' > {runtime.FILE}", "SHA-512"),
        ("true", "No such file"),
    ],
)
def test_what_npm_brings_is_not_trusted(
    script: str, words: str, pawlab_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An npm that fails, or that is set up for somebody else's registry."""
    monkeypatch.delenv(runtime.VARIABLE, raising=False)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(DownloadError, match=words):
        runtime.load_runtime()
    assert list((pawlab_home / "cache" / "onnxruntime-web").iterdir()) == []
