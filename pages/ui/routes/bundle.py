"""The route that a bundle is downloaded from: from the disk, a few kilobytes at a time.

    GET /api/bundle?run=ID    ->  the zip, or a part of it (Range, If-Range)

`st.download_button` holds the whole file in the server's memory for as long as its session lasts, and a bundle of the
preset `notebook` has 220 MB.

Covered: ids that are no run of the store, bundles that were not verified or are not what would be made now, and links
that lead out of the store. Pages of others never get here (`pages.ui.routes.own_pages`).
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from core.errors import PawlabError

PATH = "/api/bundle"
# No other site may show or read it, and a browser takes it for nothing but a zip.
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def bundle_address(run_id: str) -> str:
    """Relative, for a page of this server."""
    return f"{PATH.removeprefix('/')}?run={quote(run_id, safe='')}"


def download_bundle(request: Request) -> Response:
    """The endpoint. Starlette calls it in a thread of its own."""
    from core.export.kept import kept_file  # only when it is requested
    from core.runs.store import stored_run
    from core.text.file_names import file_name

    try:
        file = kept_file(stored_run(request.query_params.get("run", "")))
        name = f"{file_name(file.parent.name)}.zip"
        return FileResponse(file, headers=HEADERS, media_type="application/zip", filename=name, stat_result=file.stat())
    except (PawlabError, OSError):  # its text may say where on this machine its files are
        return _text(404, "There is no such bundle, or not any more. Make it on the Classify page.")


def _text(status: int, text: str) -> Response:
    return PlainTextResponse(text, status, dict(HEADERS))
