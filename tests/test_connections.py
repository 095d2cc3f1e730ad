"""The tracer sees what it is there for: a lesson without a stranger is worth nothing where none would be noticed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.connections import traced

STRANGER = "192.0.2.1"  # for documentation: nobody's
CALLS = {
    "connect": f"socket.socket().connect_ex(('{STRANGER}', 9))",
    "datagram": f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('{STRANGER}', 9))",
    "look-up": f"socket.getaddrinfo('{STRANGER}', 9)",
    "library": f"urllib.request.urlopen('http://{STRANGER}:9', timeout=0.1)",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_child_of_a_child_that_reaches_out_is_noticed(call: str, tmp_path: Path) -> None:
    child = f"import socket, urllib.request; socket.setdefaulttimeout(0.1)\ntry: {call}\nexcept OSError: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    with traced(tmp_path) as connections:
        subprocess.run([sys.executable, "-P", "-c", parent], check=True)
    (stranger,) = connections.strangers()
    assert stranger.endswith(f"-> {STRANGER}")


def test_this_machine_is_no_stranger(tmp_path: Path) -> None:
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())"
    with traced(tmp_path) as connections:
        subprocess.run([sys.executable, "-c", code], check=True)
    assert not connections.strangers()
    assert connections.log.read_text().count("socket.connect") == 1
