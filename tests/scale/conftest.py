"""A real server of S3 (moto's), on the loopback address; and who listens on which address."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

SERVER = Path(sys.prefix, "s3", "bin", "python")
NEEDS_SERVER = pytest.mark.skipif(not SERVER.exists(), reason="needs moto's server: make ray")
LOOPBACK = {"127.0.0.1", "::ffff:127.0.0.1", "::1"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The query that leads to the server, behind an address in its bucket `museum`."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }.items():
            patch.setenv(name, value)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [str(SERVER), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(600):
                with socket.socket() as trying:
                    if not trying.connect_ex(("127.0.0.1", port)):
                        break
                time.sleep(0.1)
            yield f"?scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1&allow_bucket_creation=true"
        finally:
            server.terminate()
            server.wait()


def listening(pid: int) -> Iterator[tuple[psutil.Process, str]]:
    """What a process and its children wait for connections on."""
    try:
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            for one in process.net_connections("inet"):
                if one.status == psutil.CONN_LISTEN:
                    yield process, one.laddr.ip
    except psutil.Error:  # it ended meanwhile
        return
