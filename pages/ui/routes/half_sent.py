"""Closes connections of clients that begin a request and do not go on with it.

Neither Streamlit nor uvicorn has such a limit: uvicorn's keep-alive timer runs between requests only and any byte stops
it, and an ASGI app hears of a request when its header is whole. So it is done where uvicorn takes the bytes.

Covers a connection that sends nothing, half a header, half a body, or either of them a byte at a time. Does not cover
websockets, whose silent clients uvicorn finds by pings (`server.websocketPingInterval`, 30 seconds), nor clients that
do not read what they asked for.
"""

import asyncio
import math
import os
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

SETTING = "PAWLAB_REQUEST_SECONDS"
"""Environment variable: seconds after which such a connection is closed, else `SECONDS`."""
SECONDS = 60.0
LEAST_BYTES = 16_384
"""That a request must bring in half of the time, unless it ends: as much as a header may have."""


def close_half_sent(protocol: type[Any] = AutoHTTPProtocol) -> None:
    """Watches every connection that uvicorn takes from now on."""
    seconds = _seconds()
    made, received = protocol.connection_made, protocol.data_received

    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        made(self, transport)
        self.new_bytes = 0
        self.loop.call_later(seconds / 2, _check, self, seconds / 2, ())

    def data_received(self: Any, data: bytes) -> None:
        self.new_bytes += len(data)
        received(self, data)

    protocol.connection_made, protocol.data_received = connection_made, data_received


def _check(connection: Any, every: float, before: tuple[Any, ...]) -> None:
    """Closes the connection where it waits for the same thing as `before`. One that is lost, or is a websocket by now,
    is no longer watched."""
    transport = connection.transport
    if transport.is_closing() or transport.get_protocol() is not connection:
        return
    awaited = _awaited(connection)
    if awaited and awaited == before and connection.new_bytes < LEAST_BYTES:
        transport.abort()
        return
    connection.new_bytes = 0
    connection.loop.call_later(every, _check, connection, every, awaited)


def _awaited(connection: Any) -> tuple[Any, ...]:
    """What the client is to send: the request after the last one, or the rest of it; () where it is our turn."""
    request = connection.cycle
    if connection.flow.read_paused:
        return ()
    if request is None or request.response_complete:
        return "header", request
    return ("body", request) if request.more_body else ()


def _seconds() -> float:
    try:
        seconds = float(os.environ.get(SETTING, SECONDS))
    except ValueError:
        return SECONDS
    return seconds if math.isfinite(seconds) and seconds > 0 else SECONDS
