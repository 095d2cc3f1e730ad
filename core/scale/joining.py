"""A connection to Ray: to the cluster at an address, or to a Ray of our own on this machine.

One of our own is reached from this machine alone, by who knows the token that is drawn for it; asks nobody's server;
and ends with the command. Whoever wants it otherwise sets Ray's own variables, which are not overwritten.
"""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any

from core.errors import ConfigError, PawlabError
from core.jobs.parallel import CORES
from core.jobs.process import PROJECT, module_environment
from core.text.lines import error_line

CONNECT_SECONDS = 5
OBJECT_STORE_BYTES = 500_000_000  # of a Ray of our own: some blocks, and the model
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
NOWHERE = "http://127.0.0.1:9"
OWN = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on Linux too it then listens on 127.0.0.1, as it does on these two
    "RAY_USAGE_STATS_ENABLED": "0",  # it would tell its makers
    "RAY_USAGE_STATS_REPORT_URL": NOWHERE,  # and tells them that it does not
    "RAY_AUTH_MODE": "token",
}
PROXIES = ("http_proxy", "HTTP_PROXY")
"""Set to `NOWHERE` for Ray's own processes, which ask the addresses of three clouds whether they run there, whatever
else is set. A worker sets them back."""


@contextmanager
def joined(address: str, cores: int) -> Iterator[Any]:
    """The module `ray`, connected until the block ends.

    Args:
        address: Of a head node, or `ray://` and a client server; "" for a Ray of our own.
        cores: Of one of our own; 0 for all.

    Raises:
        ConfigError: Ray is not installed.
        PawlabError: Nothing answers at the address.
    """
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address:  # our own code goes to the nodes with the job
        options["runtime_env"] = {"py_modules": [str(PROJECT / "core")], "env_vars": ONE_THREAD}
    else:
        options |= {"num_cpus": cores or CORES, "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    with ExitStack() as stack, ExitStack() as starting:
        if not address:
            starting.enter_context(own_environment())
        ray = _ray()
        # Ray prints to stdout, which is for results, what is said below in fewer words
        stack.enter_context(redirect_stdout(stack.enter_context(open(os.devnull, "w"))))  # noqa: PTH123
        try:
            _check_answers(address)
            ray.init(address or "local", **options)
        except (ray.exceptions.RayError, RuntimeError, ValueError, OSError) as error:
            raise PawlabError(
                f"No Ray cluster answers at {address or 'this machine'}: {error_line(error)}",
                "the address of a head node, such as 192.168.1.5:6379, or ray://192.168.1.5:10001",
                "Where it asks for a token, set RAY_AUTH_MODE=token and its RAY_AUTH_TOKEN; see docs/scale.md",
            ) from error
        stack.callback(ray.shutdown)
        starting.close()
        yield ray


@contextmanager
def own_environment() -> Iterator[None]:
    """What the processes of a Ray of our own inherit that is started before the block ends. Ray must not be imported
    before: it reads some of it then."""
    before = dict(os.environ)
    os.environ |= {**OWN, "RAY_AUTH_TOKEN": secrets.token_hex(32), **ONE_THREAD, **before}
    os.environ |= {**dict.fromkeys(PROXIES, NOWHERE), "PYTHONPATH": module_environment()["PYTHONPATH"]}
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ |= before


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            "Received --engine ray, and Ray is not installed", "Pawlab with its extra", 'pip install "pawlab[ray]"'
        ) from error
    return ray


def _check_answers(address: str) -> None:
    """Raises OSError where nobody listens: Ray itself would wait for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
