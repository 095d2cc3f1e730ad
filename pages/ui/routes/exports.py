"""The routes that exports are downloaded from: from the disk, a few kilobytes at a time.

    GET /api/bundle?run=ID    ->  the zip, or a part of it (Range, If-Range)
    GET /api/page?run=ID      ->  the HTML file, likewise

`st.download_button` holds the whole file in the server's memory for as long as its session lasts, and a bundle of the
preset `notebook` has 220 MB.

Covered: ids that are no run of the store, exports that were not verified or are not what would be made now, and links
that lead out of the store. Nothing is shown by the browser as a page of ours: it is saved. Pages of others never get
here (`pages.ui.routes.own_pages`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from core.errors import PawlabError

BUNDLE_PATH, PAGE_PATH = "/api/bundle", "/api/page"
# No other site may show or read it, and a browser takes it for nothing but a file.
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def export_address(path: str, run_id: str) -> str:
    """Relative, for a page of this server.

    Args:
        path: `BUNDLE_PATH` or `PAGE_PATH`.
    """
    return f"{path.removeprefix('/')}?run={quote(run_id, safe='')}"


def download_bundle(request: Request) -> Response:
    """The endpoint of zips. Starlette calls it in a thread of its own."""
    from core.export.kept import BUNDLE  # only when it is requested

    return _download(request, BUNDLE, "application/zip")


def download_page(request: Request) -> Response:
    """The endpoint of HTML files."""
    from core.export.kept import PAGE

    return _download(request, PAGE, "application/octet-stream")


def _download(request: Request, kept: Any, media_type: str) -> Response:
    from core.runs.store import stored_run
    from core.text.file_names import file_name

    try:
        file: Path = kept.path(stored_run(request.query_params.get("run", "")))
        name = f"{file_name(file.parent.name)}{file.suffix}"
        return FileResponse(file, headers=HEADERS, media_type=media_type, filename=name, stat_result=file.stat())
    except (PawlabError, OSError):  # its text may say where on this machine its files are
        return PlainTextResponse(
            "There is no such export, or not any more. Make it on the Classify page.", 404, dict(HEADERS)
        )
