"""The routes of Collect: a camera's frames are stored and answered, files are added, classes are changed.

    /api/collect?collection=NAME           websocket: JPEG frames and JSON texts in, JSON out
    POST /api/collect/add?collection=…&class=…                the content of a file     ->  {"state", "stored"}
    POST /api/collect/do?collection=…                         {"do", "class", "name"}   ->  {"state"}
    GET  /api/collect/image?collection=…&path=…&longest=…                               ->  a small JPEG

The socket greets with {"size", "state"}: the longest side in pixels that a frame should have, and the classes
(`pages.ui.collect.cards`). {"record": CLASS, "burst": ID or "", "speed": images a second} begins a recording: of the
frames from then on, as many a second are stored. {"record": null} ends it. A frame is answered with {"label",
"probabilities", "none", "missing", "version", "milliseconds"} (`core.instant.fitted.Answer`). One that was to be stored
has also "recorded", the class, and "burst"; then "stored", the path, and "number", the images of the class, once the
disk has it, else "refused", the reason. "state" comes when somebody has changed something. All else:
`pages.ui.routes.frames`.

Covered: what comes from strangers, like names and paths, by `core.datasets.collect`; files that are too large or too
many at once. Pages of others never get here (`pages.ui.routes.own_pages`).
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from core.errors import ConfigError, ImageError, PawlabError
from pages.ui.routes.exports import HEADERS
from pages.ui.routes.frames import Conversation, FrameRoute

PATH = "/api/collect"
MAX_FILE_BYTES = 32 * 2**20
MAX_ACTION_BYTES = 4_000
UPLOADS = 4  # files in memory at once, for everybody together
THUMBNAIL, LARGEST, QUALITY = 160, 1600, 85


class CollectRoute(FrameRoute):
    """The routes, with what they share."""

    viewers = "cameras"

    def __init__(self, **limits: Any) -> None:
        super().__init__(**limits)
        self._uploads = asyncio.Semaphore(UPLOADS)

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            WebSocketRoute(PATH, self.connect),
            Route(f"{PATH}/add", self.add, methods=["POST"]),
            Route(f"{PATH}/do", self.do, methods=["POST"]),
            Route(f"{PATH}/image", small_image),
        ]

    def begin(self, query: QueryParams) -> Conversation:
        from pages.ui.collect.learning import LEARNING
        from pages.ui.collect.recording import Collecting

        return Collecting(_collection(query), LEARNING)

    async def add(self, request: Request) -> Response:
        """The endpoint of files."""
        async with self._uploads:
            content = await _body(request, MAX_FILE_BYTES)
            if content is None:
                return _refusal(f"it has more than {MAX_FILE_BYTES // 2**20} MB", 422)
            return await self._reply(partial(_add, request.query_params, content))

    async def do(self, request: Request) -> Response:
        """The endpoint of what is done to classes."""
        content = await _body(request, MAX_ACTION_BYTES)
        if content is None:
            return _refusal("That name is too long.", 413)
        return await self._reply(partial(_do, request.query_params, content))

    async def _reply(self, work: Callable[[], dict[str, Any]]) -> Response:
        try:
            return JSONResponse(await self.on_a_worker(work), headers=HEADERS)
        except ImageError as error:
            return _refusal(error.received, 422)
        except PawlabError as error:
            return _refusal(str(error), 409)


def image_address(collection: str, path: str) -> str:
    """Where a page of this server gets the small image of a path: relative."""
    return f"{PATH.removeprefix('/')}/image?{urlencode({'collection': collection, 'path': path})}"


def small_image(request: Request) -> Response:
    """The endpoint of thumbnails. Starlette calls it in a thread of its own."""
    from core.images.contact_sheet import as_jpeg
    from core.images.isolated import decode_image
    from core.storage.files import stamp_of

    query = request.query_params
    try:
        file = _collection(query).file(query.get("path", ""))
        longest = min(max(int(query.get("longest", THUMBNAIL)), 16), LARGEST)
        tag = '"' + "-".join(map(str, (*stamp_of(file), longest))) + '"'
        headers = {**HEADERS, "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(as_jpeg(decode_image(file, longest), QUALITY), headers=headers, media_type="image/jpeg")
    except (PawlabError, OSError, ValueError):  # its text may say where on this machine its files are
        return PlainTextResponse("There is no such image, or not any more.", 404, dict(HEADERS))


def _collection(query: QueryParams) -> Any:
    from core.datasets.collect.store import open_collection  # OpenCV: not while the server starts

    return open_collection(query.get("collection", ""))


def _add(query: QueryParams, content: bytes) -> dict[str, Any]:
    from core.datasets.collect.bursts import new_burst
    from pages.ui.collect.cards import state_of
    from pages.ui.collect.learning import LEARNING

    collection = _collection(query)
    path = collection.add(query.get("class", ""), content, new_burst())  # nobody knows which were taken together
    LEARNING.learn(collection, path)
    return {"state": state_of(collection), "stored": path}


def _do(query: QueryParams, content: bytes) -> dict[str, Any]:
    from pages.ui.collect.cards import state_of

    collection = _collection(query)
    try:
        action = json.loads(content)
    except (ValueError, RecursionError):
        action = None
    match action:
        case {"do": "add", "class": str(label)}:
            collection.add_class(label)
        case {"do": "rename", "class": str(label), "name": str(name)}:
            collection.rename_class(label, name)
        case {"do": "remove", "class": str(label)}:
            collection.remove_class(label)
        case {"do": "undo"}:
            collection.undo()
        case _:
            raise ConfigError("Received no action that is known", "add, rename, remove or undo")
    return {"state": state_of(collection)}


async def _body(request: Request, most: int) -> bytes | None:
    """The request's body; None where it has more than `most` bytes, of which no more are read."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most:
            return None
    return bytes(content)


def _refusal(words: str, status: int) -> Response:
    return JSONResponse({"error": words}, status, headers=HEADERS)
