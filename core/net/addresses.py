"""Web addresses as a user gives them."""

import re
from urllib.parse import urlsplit


def shown(url: str) -> str:
    """An address for messages and records: without user, password, query and fragment, which may be secret."""
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""  # [] of IPv6
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "The address"
    return f"{parts.scheme}://{host}{port}{parts.path}"


def is_address(text: str) -> bool:
    """True for what begins as an http(s) address does, whether it is a good one or not."""
    return re.match(r"https?://", text, re.IGNORECASE) is not None
