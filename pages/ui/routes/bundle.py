"""The route that a bundle is downloaded from: from the disk, a few kilobytes at a time.

    GET /api/bundle?run=ID    ->  the zip, or a part of it (Range, If-Range)

`st.download_button` holds the whole file in the server's memory for as long as its session lasts, and a bundle of the
preset `notebook` has 220 MB.

Covered: other sites' pages and host names (`pages.ui.asked`), ids that are no run of the store, bundles that were not
verified or are not what would be made now, and links that lead out of the store.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from core.errors import PawlabError
from pages.ui.asked import download_of_our_pages

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
    if not download_of_our_pages(request.headers):
        return _said(403, "This server's bundles are downloaded from its own pages.")
    from core.datasets.names import safe_name
    from core.export.kept import kept_file  # not before somebody asks
    from core.training.shelf import stored_run

    try:
        file = kept_file(stored_run(request.query_params.get("run", "")))
        name = f"{safe_name(file.parent.name)}.zip"
        return FileResponse(file, headers=HEADERS, media_type="application/zip", filename=name, stat_result=file.stat())
    except (PawlabError, OSError):  # whose words may say where on this machine its files lie
        return _said(404, "There is no such bundle, or not any more. Make it on the Classify page.")


def _said(status: int, words: str) -> Response:
    return PlainTextResponse(words, status, dict(HEADERS))
