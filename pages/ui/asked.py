"""Who asks one of our own routes, which get none of Streamlit's checks: a page of this server, or somebody else's.

Covered: pages of other sites, on other ports too, and host names that were bent to this machine (DNS rebinding).
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed


def socket_of_our_pages(headers: Headers) -> bool:
    """Whether a page of this very server opens a websocket. Browsers always send an Origin with one."""
    return is_host_allowed(headers.get("host")) and _is_own(headers.get("origin", ""), headers)


def download_of_our_pages(headers: Headers) -> bool:
    """Whether a download is asked for by a page of this very server, or by no page at all.

    A link sends no Origin, but every browser of these years says where it was pressed (Fetch Metadata). What says
    nothing is a program, such as a download manager that goes on with what a browser began.
    """
    if not is_host_allowed(headers.get("host")) or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or _is_own(origin, headers)


def _is_own(origin: str, headers: Headers) -> bool:
    try:
        return urlsplit(origin).netloc == headers.get("host")
    except ValueError:
        return False
