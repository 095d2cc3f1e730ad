"""The live route on a real server, without a browser: who may ask, what a frame may be, and that nothing is queued."""

import json
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import WebSocketRoute
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from core.inference.classifier import Classifier
from core.runs.run import Run
from pages.ui.routes.frames import FLOOD, MAX_FRAME_BYTES, REFUSED
from pages.ui.routes.live import LiveRoute
from tests.drawing import image_bytes
from tests.serving import serving_routes


def serving(route: LiveRoute) -> AbstractContextManager[int]:
    return serving_routes(WebSocketRoute("/api/live", route.connect))


@pytest.fixture
def port(caplog: pytest.LogCaptureFixture) -> Iterator[int]:
    """That of a server which logs no error, whatever the test does to it."""
    with serving(LiveRoute()) as port:
        yield port
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []


@pytest.fixture
def run_id(trained: Run, pawlab_home: Path) -> str:
    shutil.copytree(trained.directory, pawlab_home / "runs" / trained.id)
    return trained.id


def view(port: int, run_id: str) -> ClientConnection:
    """A connection as a page of the server opens it."""
    return connect(f"ws://127.0.0.1:{port}/api/live?run={run_id}", open_timeout=60, proxy=None)


def hear(viewer: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(viewer.recv(60))
    return message


def how_it_ends(viewer: ClientConnection) -> tuple[int, str]:
    """The code of the close and the words before it."""
    words = ""
    try:
        while True:
            message = hear(viewer)
            words = message["error"] if message.get("closing") else words
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return closed.rcvd.code, words


def test_frames_are_answered_as_photos_are(port: int, run_id: str, trained: Run) -> None:
    classifier = Classifier.open(trained)
    with view(port, run_id) as viewer:
        hello = {"size": classifier.image_size, "crop": "squeeze", "classes": list(classifier.classes)}
        assert hear(viewer) == hello
        for number in (1, 2):
            frame = image_bytes(number)
            viewer.send(frame)
            message = hear(viewer)
            assert message["sequence"] == number
            assert message["label"] == classifier.classify(frame).label
            assert dict(message["probabilities"]) == pytest.approx(classifier.classify(frame).probabilities)
            assert message["distance"] == pytest.approx(classifier.classify(frame).distance)
            assert message["unlike"] == (message["distance"] > message["cut"])


@pytest.mark.parametrize(
    "frame",
    [b"", b"no image", image_bytes()[:300], image_bytes(size=(2500, 2000)), b"\xff\xd8\xff" + b"\xff" * 5000],
    ids=["empty", "garbage", "cut off", "too many pixels", "a jpeg's head alone"],
)
def test_a_bad_frame_gets_an_error_and_the_connection_stays(port: int, run_id: str, frame: bytes) -> None:
    with view(port, run_id) as viewer:
        hear(viewer)
        viewer.send(frame)
        message = hear(viewer)
        assert message.keys() == {"sequence", "error"}
        assert message["error"]
        viewer.send(image_bytes())
        assert hear(viewer)["label"] in ("cats", "dogs")


def test_text_is_a_bad_frame(port: int, run_id: str) -> None:
    with view(port, run_id) as viewer:
        hear(viewer)
        viewer.send("{}")
        assert "error" in hear(viewer)


def test_a_frame_that_is_too_large_ends_the_connection(port: int, run_id: str) -> None:
    with view(port, run_id) as viewer:
        viewer.send(image_bytes() + bytes(MAX_FRAME_BYTES))
        code, words = how_it_ends(viewer)
    assert code == 1009
    assert "bytes" in words


def test_of_a_burst_the_newest_frame_is_answered_and_nothing_is_queued(port: int, run_id: str) -> None:
    frame = image_bytes(size=(1024, 768))
    with view(port, run_id) as viewer:
        hear(viewer)
        for _ in range(100):
            viewer.send(frame)
        answered = [hear(viewer)["sequence"]]
        while answered[-1] < 100:
            answered.append(hear(viewer)["sequence"])
        assert answered == sorted(set(answered))
        assert len(answered) < 50
        viewer.send(frame)
        assert hear(viewer)["sequence"] == 101  # nothing of the burst is still to come


def test_a_flood_ends_the_connection(port: int, run_id: str) -> None:
    with view(port, run_id) as viewer:
        with suppress(ConnectionClosed):
            for _ in range(20 * FLOOD):
                viewer.send(b"")
        assert how_it_ends(viewer)[0] == 1008


def test_only_runs_of_the_store_are_opened(port: int, run_id: str, trained: Run, pawlab_home: Path) -> None:
    shutil.copytree(trained.directory, pawlab_home / "elsewhere")
    (pawlab_home / "runs" / "empty").mkdir()
    ids = ["", ".", "..", "../elsewhere", f"./{run_id}", f"{run_id}/", str(trained.directory), "nothing", "empty"]
    for name in [*ids, "%00", "%F0%9F%98%80", "x" * 3000]:
        with view(port, name) as viewer:
            code, words = how_it_ends(viewer)
        assert (code, bool(words)) == (REFUSED, True), name


def test_a_run_that_is_removed_while_it_predicts_ends_the_connection(port: int, run_id: str, pawlab_home: Path) -> None:
    with view(port, run_id) as viewer:
        hear(viewer)
        shutil.rmtree(pawlab_home / "runs" / run_id)
        viewer.send(image_bytes())
        code, words = how_it_ends(viewer)
    assert code == REFUSED
    assert "model" in words


def test_two_are_served_the_third_is_told_to_wait_and_a_place_comes_free(run_id: str) -> None:
    with serving(LiveRoute(most_connections=2)) as port, view(port, run_id) as first:
        with view(port, run_id) as second:
            for viewer in (first, second):
                hear(viewer)
                viewer.send(image_bytes())
            for viewer in (second, first):
                assert hear(viewer)["sequence"] == 1
            with view(port, run_id) as third:
                code, words = how_it_ends(third)
            assert code == 1013
            assert "2 live cameras" in words
        until = time.monotonic() + 30  # the server learns a moment later that the second is gone
        while True:
            with view(port, run_id) as third:
                if "size" in hear(third):
                    break
            assert time.monotonic() < until, "no place came free"


def test_who_sends_nothing_leaves_his_place(run_id: str) -> None:
    with serving(LiveRoute(silent_seconds=0.05)) as port, view(port, run_id) as viewer:
        assert how_it_ends(viewer)[0] == 1000
