"""Everything of ours that leans on Streamlit's internals, which may move with any release. Read in Streamlit 1.67.0.

| what | where in Streamlit | why |
| --- | --- | --- |
| `rerun_in`, `page_event_in` | `proto/BackMsg.proto`, `ForwardMsg.proto` | `stale_fragments` drops late requests |
| `STREAM` | `web/server/starlette/starlette_websocket.py` | the path of the websocket that carries them |
| `is_host_allowed` | the same | `own_pages` asks it for every route |
| `this_connection`, `is_connected` | `runtime/runtime.py` | a session is used by one window at a time |
| `drop_uploads` | `runtime/memory_uploaded_file_manager.py` | uploads stay in memory until their session ends |

`tests/pages/test_streamlit_internals.py` fails when one of them moves, and with every other version. Then read these
places again, change what must be changed, and set `READ_IN`.
"""

from collections.abc import Iterable
from typing import NamedTuple

from google.protobuf.message import DecodeError
from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed as is_host_allowed

READ_IN = "1.67.0"
STREAM = "/_stcore/stream"
MAX_EVENT_BYTES = 50_000
"""The messages that announce a page have one or two thousand bytes: longer ones are not parsed."""


class Rerun(NamedTuple):
    """The browser asks for a run: of a page, by Streamlit's hash of it ("" for the first), or of a fragment on it."""

    page: str
    fragment: str = ""


class PageEvent(NamedTuple):
    """The server begins to run a page, or of it a `fragment` alone, or with `shown` tells the browser to show it."""

    page: str
    shown: bool
    fragment: bool = False


def rerun_in(message: bytes) -> Rerun | None:
    """What the browser's message asks to run; None where it asks for something else, or is for Streamlit to refuse."""
    try:
        request = BackMsg.FromString(message)
    except DecodeError:
        return None
    if request.WhichOneof("type") != "rerun_script":
        return None
    return Rerun(request.rerun_script.page_script_hash, request.rerun_script.fragment_id)


def page_event_in(message: bytes) -> PageEvent | None:
    """What the server's message says of a page; None where it says nothing of one."""
    if len(message) > MAX_EVENT_BYTES:
        return None
    event = ForwardMsg.FromString(message)
    match event.WhichOneof("type"):
        case "new_session":
            is_part = bool(event.metadata.run.fragment_ids)
            return PageEvent(event.new_session.page_script_hash, shown=False, fragment=is_part)
        case "navigation":
            return PageEvent(event.navigation.page_script_hash, shown=True)
    return None


def drop_uploads(file_ids: Iterable[str]) -> None:
    """Forgets uploaded files of this session by their `file_id`, also when the control that took them has gone.

    Draw no control again that holds one: name it anew.
    """
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file_id in file_ids:
            context.uploaded_file_mgr.remove_file(context.session_id, file_id)


def this_connection() -> str:
    """Streamlit's id of the browser window that this run is for; it is new after a reload."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def is_connected(connection: str) -> bool:
    """Whether that window is open, and is another one than this."""
    return connection != this_connection() and runtime.exists() and runtime.get_instance().is_active_session(connection)
