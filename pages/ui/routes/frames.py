"""What the websocket routes of cameras share: frames come in, each that is looked at is answered, nothing is queued.

A connection has one frame at work and one that waits, the newest: what it displaces is dropped. The first message is
the route's greeting, then each frame that is looked at gets {"sequence", …}, where `sequence` is the frame's number on
this connection, from 1, or {"sequence", "error"} where it cannot be decoded. Whatever ends the connection comes as
{"error", "closing": true} before.

Covered: frames that are too large or too many, connections that are too many or say nothing. Pages of others never get
here (`pages.ui.routes.own_pages`). Not covered: a message is read whole before its size is known, up to Streamlit's
`server.maxMessageSize`, as on Streamlit's own socket.
"""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from starlette.datastructures import QueryParams
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.errors import ImageError, PawlabError

T = TypeVar("T")
WORKERS = 2  # frames at work at once, for all connections of a route together
MOST_CONNECTIONS = 16
MAX_FRAME_BYTES = 2**20  # the pages' own frames have some 5 KB, those of Collect 80
MAX_TEXT = 4_000  # characters
MOST_ANSWERS = 40  # a second and connection; the pages send 30
FLOOD = 240  # messages a second with which a connection ends: to read them costs time too
SILENT_SECONDS = 60
REFUSED = 4004  # the close code after which reconnecting is of no use: no such run, no such collection


class Ending(Exception):
    """Ends a connection: the websocket's close code, and a message for the user."""

    def __init__(self, code: int, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


class Newest:
    """Room for one frame between reading and answering: a new frame replaces one that still waits."""

    def __init__(self) -> None:
        self._number, self._frame, self._mark, self._there = 0, b"", None, asyncio.Event()

    def put(self, frame: bytes, mark: Any = None) -> None:
        self._number += 1
        self._frame, self._mark = frame, mark
        self._there.set()

    async def take(self) -> tuple[int, bytes, Any]:
        """The frame, its number from 1 before and its mark behind it, as soon as there is one."""
        await self._there.wait()
        self._there.clear()
        return self._number, self._frame, self._mark


class Conversation(ABC):
    """What a route does on one connection.

    Attributes:
        greeting: The first message.
        mark: Goes with each frame that comes from now on.
    """

    greeting: Mapping[str, Any]
    mark: Any = None

    def hear(self, text: str) -> bool:
        """Takes a text message, on the event loop; False where it is a bad frame."""
        return False

    @abstractmethod
    def answer(self, frame: bytes, mark: Any) -> Mapping[str, Any]:
        """The answer to a frame, on one of the route's threads.

        Raises:
            ImageError: The frame cannot be decoded; the connection stays.
            PawlabError: Nothing more can be answered: the connection ends.
        """


class FrameRoute(ABC):
    """A route with what its connections share; `viewers` is the word for those in front of their cameras."""

    viewers = "cameras"

    def __init__(self, most_connections: int = MOST_CONNECTIONS, silent_seconds: float = SILENT_SECONDS) -> None:
        self._most, self._silent = most_connections, silent_seconds
        self._connected = 0
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix=type(self).__name__)

    @abstractmethod
    def begin(self, query: QueryParams) -> Conversation:
        """On one of the route's threads.

        Raises:
            PawlabError: There is nothing to talk about.
        """

    async def connect(self, socket: WebSocket) -> None:
        """Serves one connection to its end."""
        try:
            await socket.accept()
            await self._serve(socket)
        except Ending as ending:
            with suppress(WebSocketDisconnect, RuntimeError, OSError):  # gone meanwhile
                await socket.send_text(json.dumps({"error": ending.message, "closing": True}))
                await socket.close(ending.code)
        except WebSocketDisconnect:
            pass

    async def on_a_worker(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _serve(self, socket: WebSocket) -> None:
        if self._connected >= self._most:
            raise Ending(1013, f"{self._most} {self.viewers} are served already. This one waits for a place.")
        self._connected += 1
        try:
            await self._talk(socket)
        finally:
            self._connected -= 1

    async def _talk(self, socket: WebSocket) -> None:
        try:
            conversation = await self.on_a_worker(partial(self.begin, socket.query_params))
        except PawlabError as error:
            raise Ending(REFUSED, str(error)) from None
        await socket.send_text(json.dumps(conversation.greeting))
        newest = Newest()
        tasks = [
            asyncio.create_task(self._read(socket, conversation, newest)),
            asyncio.create_task(self._answer(socket, conversation, newest)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, socket: WebSocket, conversation: Conversation, newest: Newest) -> None:
        """Takes each message as soon as it arrives, so that nothing old waits in a buffer."""
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
            frame, text = message.get("bytes"), message.get("text") or ""
            if frame is None and len(text) <= MAX_TEXT and conversation.hear(text):
                continue
            frame = frame or b""  # text is no image either
            if len(frame) > MAX_FRAME_BYTES:
                raise Ending(1009, f"A frame had {len(frame):,} bytes. At most {MAX_FRAME_BYTES:,} are taken.")
            newest.put(frame, conversation.mark)

    async def _answer(self, socket: WebSocket, conversation: Conversation, newest: Newest) -> None:
        earliest = 0.0
        while True:
            await asyncio.sleep(earliest - time.monotonic())
            number, frame, mark = await newest.take()
            earliest = time.monotonic() + 1 / MOST_ANSWERS
            message: dict[str, Any] = {"sequence": number}
            try:
                message.update(await self.on_a_worker(partial(conversation.answer, frame, mark)))
            except ImageError as error:
                message["error"] = error.received
            except PawlabError as error:
                raise Ending(REFUSED, str(error)) from None
            await socket.send_text(json.dumps(message))
