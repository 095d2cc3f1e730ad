"""Read by every Python process that a test starts within `tests.connections.traced`: notes whom it wants to reach.

Python's own audit events: name look-ups, connections, and datagrams. What a library does by itself, in C, is not seen.
"""

import json
import os
import sys
from typing import Any

LOG = os.environ.get("PAWLAB_TRACED", "")
PLACES = {  # where an event names the other side
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}


def note(event: str, address: object) -> None:
    line = json.dumps([os.getpid(), sys.orig_argv, event, address], default=repr) + "\n"
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)  # one write: many processes share the file
    try:
        os.write(log, line.encode("utf-8", "backslashreplace"))
    finally:
        os.close(log)


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    place = PLACES.get(event)
    if place is not None:
        note(event, arguments[place])


if LOG:
    note("start", None)
    sys.addaudithook(hook)
