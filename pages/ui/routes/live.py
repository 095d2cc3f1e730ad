"""The websocket that classifies the live camera's frames, beside Streamlit's own routes and without their checks.

    /api/live?run=ID    binary message: one frame, an image file    ->  text message: JSON

First comes {"size", "crop", "classes"}: the side of the square that the model takes, how a frame becomes it
(`core.images.crop`), and the classes' names where they are few.
Then each frame that is classified gets {"sequence", "label", "confidence", "probabilities", "threshold",
"distance", "cut", "unlike", "level", "cutoff", "milliseconds"} (`core.inference.live.LivePrediction`), or
{"sequence", "error"} where it cannot be decoded. `sequence` is the frame's number on this connection, from 1. A
connection has one frame at work and one that waits, the newest: what it displaces is dropped, never queued. Whatever
ends the connection comes as {"error", "closing": true} before.

Covered: frames that are too large or too many, connections that are too many or say nothing, and folders outside the
store of runs. Pages of others never get here (`pages.ui.routes.own_pages`). Not covered: a message is
read whole before its size is known, up to Streamlit's `server.maxMessageSize`, as on Streamlit's own socket.
"""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from core.errors import ImageError, PawlabError

if TYPE_CHECKING:
    from core.inference.live import LiveModels, LivePrediction
    from core.runs.run import Run

T = TypeVar("T")
WORKERS = 2  # frames classified at once, for all connections together
MOST_CONNECTIONS = 16
MAX_FRAME_BYTES = 2**20  # the page's own frames have some 5 KB
MOST_PREDICTIONS = 40  # a second and connection; the page sends 30
FLOOD = 240  # frames a second with which a connection ends: to read them costs time too
SILENT_SECONDS = 60
FEW_CLASSES = 10
NO_PREDICTION = 4004  # the close code after which reconnecting is of no use: no such run, no such model


class Newest:
    """Room for one frame between reading and classifying: a new frame replaces one that still waits."""

    def __init__(self) -> None:
        self._number, self._frame, self._there = 0, b"", asyncio.Event()

    def put(self, frame: bytes) -> None:
        self._number += 1
        self._frame = frame
        self._there.set()

    async def take(self) -> tuple[int, bytes]:
        """The frame and its number, from 1, as soon as there is one."""
        await self._there.wait()
        self._there.clear()
        return self._number, self._frame


class Ending(Exception):
    """Ends a connection: the websocket's close code, and a message for the user."""

    def __init__(self, code: int, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


class LiveRoute:
    """The route with what its connections share."""

    def __init__(self, most_connections: int = MOST_CONNECTIONS, silent_seconds: float = SILENT_SECONDS) -> None:
        self._most, self._silent = most_connections, silent_seconds
        self._connected = 0
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="live")
        self._models: LiveModels | None = None
        self._lock = threading.Lock()

    async def connect(self, socket: WebSocket) -> None:
        """Serves one connection to its end."""
        try:
            await socket.accept()
            await self._serve(socket, socket.query_params.get("run", ""))
        except Ending as ending:
            with suppress(WebSocketDisconnect, RuntimeError, OSError):  # gone meanwhile
                await socket.send_text(json.dumps({"error": ending.message, "closing": True}))
                await socket.close(ending.code)
        except WebSocketDisconnect:
            pass

    async def _serve(self, socket: WebSocket, run_id: str) -> None:
        if self._connected >= self._most:
            raise Ending(1013, f"{self._most} live cameras are served already. This one waits for a place.")
        self._connected += 1
        try:
            await self._classify(socket, run_id)
        finally:
            self._connected -= 1

    async def _classify(self, socket: WebSocket, run_id: str) -> None:
        try:
            run, hello = await self._on_a_worker(partial(self._open, run_id))
        except PawlabError as error:
            raise Ending(NO_PREDICTION, str(error)) from None
        await socket.send_text(json.dumps(hello))
        newest = Newest()
        tasks = [
            asyncio.create_task(self._read(socket, newest)),
            asyncio.create_task(self._answer(socket, run, newest)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, socket: WebSocket, newest: Newest) -> None:
        """Takes each frame as soon as it arrives, so that nothing old waits in a buffer."""
        moments: deque[float] = deque(maxlen=FLOOD)
        while True:
            try:
                message = await asyncio.wait_for(socket.receive(), self._silent)
            except TimeoutError:
                raise Ending(1000, f"No frame came for {self._silent:.0f} seconds.") from None
            if message["type"] == "websocket.disconnect":
                return
            now = time.monotonic()
            if len(moments) == FLOOD and now - moments[0] < 1:
                raise Ending(1008, f"More than {FLOOD} frames came within a second.")
            moments.append(now)
            frame = message.get("bytes") or b""  # text is no image either
            if len(frame) > MAX_FRAME_BYTES:
                raise Ending(1009, f"A frame had {len(frame):,} bytes. At most {MAX_FRAME_BYTES:,} are taken.")
            newest.put(frame)

    async def _answer(self, socket: WebSocket, run: "Run", newest: Newest) -> None:
        earliest = 0.0
        while True:
            await asyncio.sleep(earliest - time.monotonic())
            number, frame = await newest.take()
            earliest = time.monotonic() + 1 / MOST_PREDICTIONS
            message: dict[str, Any] = {"sequence": number}
            try:
                message.update(await self._on_a_worker(partial(self._predict, run, frame)))
            except ImageError as error:
                message["error"] = error.received
            except PawlabError as error:
                raise Ending(NO_PREDICTION, str(error)) from None
            await socket.send_text(json.dumps(message))

    async def _on_a_worker(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _loaded(self) -> "LiveModels":
        with self._lock:
            if self._models is None:
                from core.inference.live import LiveModels  # ONNX Runtime: only for a camera

                self._models = LiveModels()
            return self._models

    def _predict(self, run: "Run", frame: bytes) -> "LivePrediction":
        return self._loaded().prediction(run, frame)

    def _open(self, run_id: str) -> "tuple[Run, dict[str, Any]]":
        from core.runs.store import stored_run

        run = stored_run(run_id)
        classifier = self._loaded().classifier(run)
        classes = classifier.classes if len(classifier.classes) <= FEW_CLASSES else ()
        return run, {"size": classifier.image_size, "crop": classifier.crop, "classes": list(classes)}
