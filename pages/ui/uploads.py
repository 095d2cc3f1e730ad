"""Uploaded files given back to the system. Streamlit keeps each one in memory until its session ends, also when the
control that took it has gone."""

from collections.abc import Iterable

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx


def drop_uploads(file_ids: Iterable[str]) -> None:
    """Forgets files of this session by their `file_id`. Draw no control again that holds one: name it anew."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file_id in file_ids:
            context.uploaded_file_mgr.remove_file(context.session_id, file_id)
