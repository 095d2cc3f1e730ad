"""The routes of Collect on a real server, without a browser: what is acknowledged is stored, and what is refused."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from core.datasets.collect.bursts import burst_of
from core.datasets.collect.collection import Collection
from core.datasets.collect.store import create_collection, delete_collection
from pages.ui.collect.learning import LEARNING
from pages.ui.routes.collect import MAX_FILE_BYTES, PATH, CollectRoute
from pages.ui.routes.frames import FLOOD, REFUSED
from tests.drawing import image_bytes
from tests.serving import serving_routes

NAME = "Tassen & “Löffel” 🥄"


@pytest.fixture
def port(ready_home: Path) -> Iterator[int]:
    with serving_routes(*CollectRoute().routes()) as port:
        yield port


@pytest.fixture
def collection(ready_home: Path) -> Collection:
    collection = create_collection(NAME)
    for label in ("cup", "spoon"):
        collection.add_class(label)
    return collection


def camera(port: int, name: str = NAME) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{port}{PATH}?collection={quote(name)}", open_timeout=60, proxy=None)


def hear(viewer: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(viewer.recv(60))
    return message


def record(viewer: ClientConnection, label: str | None, speed: float = 10, burst: str = "") -> None:
    viewer.send(json.dumps({"record": label, "burst": burst, "speed": speed} if label else {"record": None}))


def answer(viewer: ClientConnection, frame: bytes) -> dict[str, Any]:
    viewer.send(frame)
    return hear(viewer)


def stored(viewer: ClientConnection, number: int, seed: int = 0) -> list[dict[str, Any]]:
    """The acknowledgements of so many images."""
    told: list[dict[str, Any]] = []
    while len(told) < number:
        message = answer(viewer, image_bytes(seed, (640, 480)))
        seed += 1
        if "stored" in message:
            told.append(message)
    return told


def post(port: int, path: str, content: bytes | str, **query: str) -> httpx.Response:
    query = {"collection": NAME, **query}
    return httpx.post(f"http://127.0.0.1:{port}{PATH}/{path}", params=query, content=content, timeout=60)


def number_of(collection: Collection, label: str) -> int:
    return {card.label: card.num_images for card in collection.classes()}[label]


def test_what_is_acknowledged_is_on_the_disk_in_one_burst_and_the_answer_comes(
    port: int, collection: Collection
) -> None:
    with camera(port) as viewer:
        hello = hear(viewer)
        assert [one["name"] for one in hello["state"]["classes"]] == ["cup", "spoon"]
        assert LEARNING.prepare(collection).wait(60)
        told = []
        for label, seed in (("cup", 0), ("spoon", 100)):
            record(viewer, label)
            for message in stored(viewer, 4, seed):
                assert (collection.root / message["stored"]).read_bytes().startswith(b"\xff\xd8")
                assert message["recorded"] == label
                told.append(message)
            record(viewer, None)
        assert [message["number"] for message in told] == [1, 2, 3, 4] * 2
        assert len({burst_of(message["stored"]) for message in told[:4]}) == 1
        assert len({message["burst"] for message in told}) == 2
        assert "stored" not in answer(viewer, image_bytes(1))
        learner = LEARNING.learner(collection)
        assert learner
        assert learner.wait(60)
        message = answer(viewer, image_bytes(0, (640, 480)))
        assert message["label"] == "cup"
        assert sum(value for _, value in message["probabilities"]) == pytest.approx(1)
        assert answer(viewer, b"no image")["error"]


def test_no_more_are_stored_than_the_speed_says_and_a_click_takes_one(port: int, collection: Collection) -> None:
    with camera(port) as viewer:
        hear(viewer)
        record(viewer, "cup", speed=1000)  # at most ten a second
        began, told = time.monotonic(), list[bool]()
        while time.monotonic() < began + 1.5:
            told.append("stored" in answer(viewer, image_bytes(len(told))))
            if time.monotonic() < began + 0.3:
                assert told == [True] + [False] * (len(told) - 1)
        took = time.monotonic() - began
        assert 2 <= sum(told) <= 2 + 10 * (took - 0.35)
        burst = hear_burst(viewer)
        record(viewer, "cup", burst=burst)  # as after a break of the connection
        assert stored(viewer, 1)[0]["burst"] == burst
        record(viewer, "cup", burst="../../x")
        assert stored(viewer, 1)[0]["burst"] not in ("../../x", burst)


def hear_burst(viewer: ClientConnection) -> str:
    return str(stored(viewer, 1)[0]["burst"])


def test_a_class_that_is_gone_is_said_and_a_collection_that_is_gone_ends_it(port: int, collection: Collection) -> None:
    with camera(port) as viewer:
        hear(viewer)
        collection.remove_class("spoon")
        for label in ("spoon", "../cup", "/etc"):
            record(viewer, label)
            message = answer(viewer, image_bytes())
            assert message.get("refused"), (label, message)
            assert "stored" not in message
        delete_collection(NAME)
        with suppress(ConnectionClosed):
            for _ in range(50):
                answer(viewer, image_bytes())
        with pytest.raises(ConnectionClosed):
            viewer.recv(60)
        assert viewer.close_code == REFUSED
    for name in (NAME, "", "..", "../runs", ".locks", "x" * 3000):
        with camera(port, name) as viewer, suppress(ConnectionClosed):
            assert hear(viewer)["closing"], name


def test_another_window_s_changes_come(port: int, collection: Collection) -> None:
    with camera(port) as viewer:
        hear(viewer)
        collection.add_class("fork")
        until = time.monotonic() + 30
        while "state" not in (message := answer(viewer, image_bytes())):
            assert time.monotonic() < until
        assert [one["name"] for one in message["state"]["classes"]] == ["cup", "spoon", "fork"]


@pytest.mark.parametrize("text", ["", "[" * 3000, '{"record": 3}', "null", '{"record": "cup"}'])
def test_a_text_that_says_nothing_is_a_bad_frame(port: int, collection: Collection, text: str) -> None:
    with camera(port) as viewer:
        hear(viewer)
        viewer.send(text)
        message = hear(viewer)
        assert "stored" not in message
    assert number_of(collection, "cup") == 0


def test_a_flood_of_texts_ends_it(port: int, collection: Collection) -> None:
    with camera(port) as viewer:
        with suppress(ConnectionClosed):
            for _ in range(20 * FLOOD):
                viewer.send('{"record": null}')
        with suppress(ConnectionClosed):
            while True:
                viewer.recv(60)
        assert viewer.close_code == 1008


def test_files_are_added_each_as_a_look_of_its_own_and_refused_in_words(port: int, collection: Collection) -> None:
    paths = [post(port, "add", image_bytes(seed), **{"class": "cup"}).json()["stored"] for seed in range(2)]
    assert len({burst_of(path) for path in paths}) == 2
    assert number_of(collection, "cup") == 2
    bad = post(port, "add", b"no image", **{"class": "cup"})
    assert (bad.status_code, bool(bad.json()["error"])) == (422, True)
    assert post(port, "add", image_bytes(), **{"class": "fork"}).status_code == 409
    large = post(port, "add", bytes(MAX_FILE_BYTES + 1), **{"class": "cup"})
    assert (large.status_code, "MB" in large.json()["error"]) == (422, True)
    assert number_of(collection, "cup") == 2


def test_classes_are_changed_and_that_is_undone(port: int, collection: Collection) -> None:
    def names(response: httpx.Response) -> list[str]:
        return [one["name"] for one in response.json()["state"]["classes"]]

    def do(**action: str) -> httpx.Response:
        return post(port, "do", json.dumps(action))

    assert names(do(do="add", **{"class": "fork"})) == ["cup", "spoon", "fork"]
    assert "mug" in names(do(do="rename", name="mug", **{"class": "cup"}))
    assert "spoon" not in names(removed := do(do="remove", **{"class": "spoon"}))
    assert "spoon" in removed.json()["state"]["undo"]
    assert "spoon" in names(do(do="undo"))
    assert do(do="rename", name="mug", **{"class": "spoon"}).status_code == 409
    for content in (b"", b"[]", b"{}", b"\xff", b"[" * 3000):
        assert post(port, "do", content).status_code == 409
    assert post(port, "do", b" " * 5000).status_code == 413


def test_a_thumbnail_is_small_and_shown_from_the_browser_s_cache(
    port: int, collection: Collection, ready_home: Path
) -> None:
    path = post(port, "add", image_bytes(size=(800, 600)), **{"class": "cup"}).json()["stored"]

    def get(path: str, **headers: str) -> httpx.Response:
        query = urlencode({"collection": NAME, "path": path})
        return httpx.get(f"http://127.0.0.1:{port}{PATH}/image?{query}", headers=headers)

    image = get(path)
    assert image.headers["content-type"] == "image/jpeg"
    assert len(image.content) < 20_000
    assert get(path, **{"If-None-Match": image.headers["etag"]}).status_code == 304
    (ready_home / "secret.jpg").write_bytes(image_bytes())
    for bad in ("", "cup", "../../secret.jpg", "cup/../../../secret.jpg", f"/{path}", str(ready_home / "secret.jpg")):
        assert get(bad).status_code == 404, bad
