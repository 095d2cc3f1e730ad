"""The canary: what `pages.ui.routes.streamlit_internals` leans on is where it was, and does what it did."""

import importlib
import inspect
import re

import pytest
import streamlit
from streamlit import config

from core.jobs.process import PROJECT

MODULE = PROJECT / "pages" / "ui" / "routes" / "streamlit_internals.py"
ADVICE = "read pages/ui/routes/streamlit_internals.py and that place in Streamlit again"
WEBSOCKET = "streamlit.web.server.starlette.starlette_websocket"
UPLOADS = "streamlit.runtime.memory_uploaded_file_manager"
SCRIPT_RUN = "streamlit.runtime.scriptrunner_utils.script_run_context"


def moved(what: str) -> str:
    return f"Streamlit {streamlit.__version__} moved {what}: {ADVICE}"


def find(place: str, name: str) -> object:
    try:
        return getattr(importlib.import_module(place), name)
    except (ImportError, AttributeError):
        return pytest.fail(moved(f"{place}.{name}"), pytrace=False)


def test_streamlit_is_the_version_that_the_hooks_were_read_in() -> None:
    read_in = re.findall(r'^READ_IN = "(.+)"', MODULE.read_text(), re.MULTILINE)
    assert read_in == [streamlit.__version__], f"The hooks were read in Streamlit {read_in}: {ADVICE}, then set READ_IN"


@pytest.mark.parametrize(
    ("place", "message", "path"),
    [
        ("streamlit.proto.BackMsg_pb2", "BackMsg", "rerun_script.page_script_hash"),
        ("streamlit.proto.BackMsg_pb2", "BackMsg", "rerun_script.fragment_id"),
        ("streamlit.proto.ForwardMsg_pb2", "ForwardMsg", "new_session.page_script_hash"),
        ("streamlit.proto.ForwardMsg_pb2", "ForwardMsg", "navigation.page_script_hash"),
        ("streamlit.proto.ForwardMsg_pb2", "ForwardMsg", "metadata.run.fragment_ids"),
    ],
)
def test_the_messages_have_the_fields(place: str, message: str, path: str) -> None:
    field, descriptor = None, find(place, message).DESCRIPTOR  # type: ignore[attr-defined]
    for name in path.split("."):
        assert name in descriptor.fields_by_name, moved(f"{message}.{path}")
        field = descriptor.fields_by_name[name]
        descriptor = field.message_type
    assert field is not None and field.type == field.TYPE_STRING, moved(f"{message}.{path}, which was text,")


@pytest.mark.parametrize(
    ("place", "message", "kinds"),
    [
        ("streamlit.proto.BackMsg_pb2", "BackMsg", {"rerun_script"}),
        ("streamlit.proto.ForwardMsg_pb2", "ForwardMsg", {"new_session", "navigation"}),
    ],
)
def test_a_message_has_one_of_several_types(place: str, message: str, kinds: set[str]) -> None:
    types = find(place, message).DESCRIPTOR.oneofs_by_name.get("type")  # type: ignore[attr-defined]
    assert types is not None and kinds <= {field.name for field in types.fields}, moved(f"{message}'s `type`")


def test_messages_are_read() -> None:
    back_message = find("streamlit.proto.BackMsg_pb2", "BackMsg")
    forward_message = find("streamlit.proto.ForwardMsg_pb2", "ForwardMsg")
    from pages.ui.routes.streamlit_internals import PageEvent, Rerun, page_event_in, rerun_in

    rerun, stop = back_message(), back_message(stop_script=True)  # type: ignore[operator]
    rerun.rerun_script.page_script_hash, rerun.rerun_script.fragment_id = "a", "clock"
    assert rerun_in(rerun.SerializeToString()) == Rerun("a", "clock")
    assert rerun_in(stop.SerializeToString()) is None
    assert rerun_in(b"\xff") is None

    begins, part, shows = forward_message(), forward_message(), forward_message()  # type: ignore[operator]
    begins.new_session.page_script_hash = part.new_session.page_script_hash = "a"
    part.metadata.run.fragment_ids.append("clock")
    shows.navigation.page_script_hash = "a"
    events = [page_event_in(message.SerializeToString()) for message in (begins, part, shows)]
    whole = PageEvent("a", shown=False)
    assert events == [whole, whole._replace(fragment=True), PageEvent("a", shown=True)]


def test_the_websocket_has_its_path() -> None:
    from pages.ui.routes.streamlit_internals import STREAM

    path = f"/{find(WEBSOCKET, '_ROUTE_WEBSOCKET_STREAM')}"
    assert path == STREAM, moved(f"its websocket to {path}")


def test_the_check_of_host_names_refuses_strangers() -> None:
    check = find(WEBSOCKET, "is_host_allowed")
    assert callable(check) and list(inspect.signature(check).parameters) == ["host"], moved("is_host_allowed(host)")
    before = config.get_option("server.allowedHosts")
    try:
        config.set_option("server.allowedHosts", ["pets.example"])
        allowed = [check(host) for host in ("pets.example:8501", "evil.example", None)]
    finally:
        config.set_option("server.allowedHosts", before)
    assert allowed == [True, False, False], moved("what is_host_allowed checks")


def test_an_upload_can_be_dropped() -> None:
    manager_type = find(UPLOADS, "MemoryUploadedFileManager")
    remove = getattr(manager_type, "remove_file", None)
    assert remove is not None, moved("MemoryUploadedFileManager.remove_file")
    assert list(inspect.signature(remove).parameters) == ["self", "session_id", "file_id"], moved("remove_file")
    fields = set(getattr(find(SCRIPT_RUN, "ScriptRunContext"), "__annotations__", {}))
    assert {"uploaded_file_mgr", "session_id"} <= fields, moved("the context's uploaded_file_mgr or session_id")

    record = find("streamlit.runtime.uploaded_file_manager", "UploadedFileRec")
    manager = manager_type("/upload")  # type: ignore[operator]
    manager.add_file("session", record(file_id="1", name="a", type="", data=b"abc"))  # type: ignore[operator]
    manager.remove_file("session", "1")
    assert manager.get_files("session", ["1"]) == [], moved("what remove_file removes")
