"""Who may send requests: pages of this very server, and programs that are no browser. The ASGI middleware in front of
every route and socket, Streamlit's own among them.

It comes before Streamlit because Streamlit looks up its external address, blocking, for each socket of a foreign
origin, and takes any port of this machine for its own.

Covered: pages of other sites, on other ports too; host names that were bent to this machine (DNS rebinding). A link
from another site may open a page of ours in a window and nothing else: in a frame of theirs somebody would click at our
buttons unseen.
"""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.ui.routes.streamlit_internals import is_host_allowed

SETTING = "PAWLAB_ORIGIN"
"""Environment variable: the address under which a proxy shows this server, such as https://pawlab.school.example."""
DEFAULT_PORTS = {"http": 80, "https": 443}
SCHEMES = {"ws": "http", "wss": "https"}
NOT_PAGES = ("/api/", "/_stcore/", "/media/", "/component/", "/static/", "/app/", "/auth/", "/oauth2callback")


class OwnPagesOnly:
    """Refuses everybody else with status 403 and the reason."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif reason := refusal(scope):
            if scope["type"] == "websocket":  # before it is accepted: the browser sees 403
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            else:
                await PlainTextResponse(reason, 403)(scope, receive, send)
        else:
            await self._app({**scope, "headers": list(_as_streamlit_takes_them(scope))}, receive, send)


def refusal(scope: Scope) -> str:
    """Why a request is refused; "" where it is not."""
    headers, path = Headers(scope=scope), str(scope["path"])
    host, public = headers.get("host"), _public()
    if not (is_host_allowed(host) or (public and host == urlsplit(public).netloc)):
        return (
            f"Pawlab does not answer to the name {host!r}. Expected 127.0.0.1 or localhost. "
            f"Behind a proxy, start it with {SETTING}=https://its.public.address\n"
        )
    own = f"{SCHEMES.get(scope['scheme'], scope['scheme'])}://{host}"
    if public and host == urlsplit(public).netloc:
        own = public  # the proxy speaks plain http to us
    origin = headers.get("origin")
    if origin is not None and (_parts(origin) is None or _parts(origin) not in (_parts(own), _parts(public))):
        return f"Pawlab answers only to its own pages. Received a request from {origin!r}, expected one from {own}\n"
    # A link sends no Origin, but every current browser says where it was clicked, and whether it opens a window or a
    # frame of the other page (Fetch Metadata).
    navigates = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    opens_page = navigates and not path.startswith(NOT_PAGES)
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not opens_page:
        return "Pawlab answers only to its own pages. Received a request from a page of another site\n"
    return ""


def _public() -> str:
    return os.environ.get(SETTING, "").rstrip("/")


def _parts(origin: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port; None for what is no origin, which equals no other."""
    try:
        url = urlsplit(origin)
        port = url.port or DEFAULT_PORTS.get(url.scheme)
    except ValueError:
        return None
    if not url.hostname or url.scheme not in DEFAULT_PORTS or url.path or url.query or url.fragment or url.username:
        return None
    return url.scheme, url.hostname, port


def _as_streamlit_takes_them(scope: Scope) -> Iterator[tuple[bytes, bytes]]:
    """Without the origin, which was checked: for one that is not like the host's, Streamlit would look up addresses. A
    proxy's name becomes ours."""
    public = urlsplit(_public()).netloc.encode()
    for name, value in scope["headers"]:
        if name == b"host" and public and value == public:
            yield name, b"localhost"
        elif name != b"origin":
            yield name, value
