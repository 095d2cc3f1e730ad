"""A browser's window without a browser: what Streamlit's own script sends and is sent over the real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE = 120.0  # seconds for one run of a page's script


def rerun_request(page: str = "", page_hash: str = "", fragment: str = "", pressed: str = "") -> bytes:
    """Asks for a run of a page by its address, or by its hash; of a `fragment` of it; after a button was `pressed`."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    message.rerun_script.page_name = page
    message.rerun_script.page_script_hash = page_hash
    if fragment:
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = True
    if pressed:
        message.rerun_script.widget_states.widgets.add(id=pressed, trigger_value=True)
    return bytes(message.SerializeToString())


class Window:
    """One open window. Timers of the page do not ring in it: it asks for nothing by itself."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._hash = socket, ""
        self.elements: list[Element] = []
        """What the last run drew."""

    async def show(self, page: str) -> None:
        """Opens a page by its address ("" for the first) and waits until its script has run.

        Raises:
            RuntimeError: It ended with an exception.
        """
        self._hash = ""
        await self._run(rerun_request(page))

    async def rerun(self) -> None:
        """Runs the script of the open page again. Raises as `show`."""
        await self._run(rerun_request(page_hash=self._hash))

    async def press(self, label: str) -> None:
        """Presses a button of the open page, without waiting for what it does."""
        buttons = [element.button.id for element in self.elements if element.button.label == label]
        await self._socket.send(rerun_request(page_hash=self._hash, pressed=buttons[0]))

    async def _run(self, request: bytes) -> None:
        await self._socket.send(request)
        async with asyncio.timeout(PATIENCE):
            await self._read_to_the_end()

    async def _read_to_the_end(self) -> None:
        """A page that switches to another, or begins anew by itself, begins a further session message before its
        end."""
        self.elements = []
        async for content in self._socket:
            message = ForwardMsg.FromString(bytes(content) if isinstance(content, bytes) else b"")
            match message.WhichOneof("type"):
                case "new_session":
                    self._hash = message.new_session.page_script_hash
                    self.elements = []
                case "navigation":  # as the browser does: before this it has the hash of the main script
                    self._hash = message.navigation.page_script_hash
                case "delta":
                    element = message.delta.new_element
                    if element.WhichOneof("type") == "exception":
                        raise RuntimeError(element.exception.message)
                    self.elements.append(element)
                case "script_finished" if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return
        raise RuntimeError("the server hung up")


@asynccontextmanager
async def open_window(url: str) -> AsyncIterator[Window]:
    """A window of its own session at the server `url`, without a page yet."""
    address = f"ws{url.removeprefix('http')}/_stcore/stream"
    # As a browser, which sends no pings of its own: on a machine that is busy elsewhere the reply can take long.
    protocol = Subprotocol("streamlit")
    async with connect(address, subprotocols=[protocol], max_size=None, ping_interval=None) as socket:
        yield Window(socket)
