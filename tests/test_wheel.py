"""The wheel as a user has it: in a fresh environment, used from a folder of the user's own.

Not shown: that an index serves the dependencies. The fresh environment sees those of the test's own by a `.pth` file,
since TensorFlow alone would take a minute to install; their versions are held to the wheel's ranges instead.
"""

import json
import subprocess
import sys
import sysconfig
import time
import urllib.request
import zipfile
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest
from packaging.metadata import Metadata
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from core import __version__
from core.jobs.process import PROJECT
from tests.browser.conftest import free_port, wait_until_healthy
from tests.once import made_once
from tests.pages.app import START_HEADING

SHIPPED = ("pawlab.py", "app.py", "core", "pages", ".streamlit")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(PROJECT)]
        subprocess.run([sys.executable, "-m", "pip", "--quiet", *build], check=True)

    (file,) = made_once(tmp_path_factory, "wheel", make).glob("*.whl")
    return file


@pytest.fixture(scope="module")
def pawlab(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a fresh environment."""

    def make(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
        python = folder / "env" / "bin" / "python"
        places = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
        (Path(places.decode().strip()) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
        install = ["install", "--quiet", "--no-deps", "--no-index", str(wheel)]
        subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *install], check=True)

    return made_once(tmp_path_factory, "wheel-env", make) / "env" / "bin" / "pawlab"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in with modules and a configuration of the user's own, which have our names."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("core.py", "pages.py", "app.py"):
        (folder / name).write_text("raise SystemExit('this is not Pawlab')")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text('[server]\naddress = "0.0.0.0"')
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(folder)
    return folder


def output_of(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_holds_exactly_the_files_of_the_package(wheel: Path) -> None:
    listed = subprocess.check_output(["git", "ls-files", "-z", *SHIPPED], cwd=PROJECT, text=True).split("\0")
    expected = {f"pawlab/{'__init__.py' if name == 'pawlab.py' else name}" for name in listed if name}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == expected
    assert wheel.name == f"pawlab-{__version__}-py3-none-any.whl"


def test_its_ranges_hold_the_versions_that_are_tested(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = Metadata.from_email(archive.read(f"pawlab-{__version__}.dist-info/METADATA"))
    required = [one for one in metadata.requires_dist or [] if not one.marker or one.marker.evaluate()]  # no extras
    assert metadata.provides_extra == ["ray"]
    assert {requirement.name for requirement in required} >= {"tensorflow", "streamlit", "onnxruntime"}
    for requirement in required:
        assert version(requirement.name) in requirement.specifier
        assert len(requirement.specifier) == 2, f"{requirement} has no lower and upper bound"


def test_help_version_and_completion(pawlab: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert output_of(pawlab, "--version") == f"{__version__}\n"
    shown = output_of(pawlab, "--help")
    assert shown.startswith("Usage: pawlab ")
    assert all(command in shown for command in ("run", "train", "classify", "export"))
    question = {"_PAWLAB_COMPLETE": "complete_bash", "COMP_WORDS": "pawlab cl", "COMP_CWORD": "1"}  # as bash asks
    for name, value in question.items():
        monkeypatch.setenv(name, value)
    assert output_of(pawlab).split() == ["clean", "classify"]


def test_the_sample_is_drawn_and_scanned(pawlab: Path, elsewhere: Path) -> None:
    """By the processes that a scan of any size has."""
    output_of(pawlab, "sample", "--flaws", "pets")
    report = json.loads(output_of(pawlab, "scan", "pets", "--json").splitlines()[-1])
    assert report["classes"] == ["cats", "dogs"]
    assert set(report["counts"]) == {"train", "validation"}
    assert len(report["unreadable"]) == 2, "other than the planted ones"


def test_a_run_trains_and_classifies(pawlab: Path, elsewhere: Path, ready_home: Path, drawn: Path) -> None:
    """Three processes stand above each other: the command, the supervisor and the worker, which starts a fourth."""
    settings = ["--preset", "fast", "--epochs", "1", "--image-size", "64", "--name", "first"]
    trained = json.loads(output_of(pawlab, "train", "--data", drawn, *settings, "--json").splitlines()[-1])
    assert trained["status"] == "finished"
    file = next((drawn / "validation" / "cats").iterdir())
    (row,) = json.loads(output_of(pawlab, "classify", file, "--run", "first", "--json").splitlines()[-1])["results"]
    assert set(row["probabilities"]) == {"cats", "dogs"}
    assert output_of(pawlab, "runs").count("first") >= 1


@pytest.mark.usefixtures("home_with_sample")
def test_it_serves_the_first_page(pawlab: Path, elsewhere: Path) -> None:
    port = free_port()
    server = subprocess.Popen([pawlab, "run", "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(url, server)
        with urllib.request.urlopen(f"{url}/api/plotly.js", timeout=30) as script:
            assert script.status == 200
        assert START_HEADING in first_page(port)
        listening = [place for place in psutil.Process(server.pid).net_connections("tcp") if place.status == "LISTEN"]
        assert {place.laddr.ip for place in listening} == {"127.0.0.1"}, "its .streamlit/config.toml is not read"
    finally:
        server.terminate()
        assert server.wait(20) is not None


def first_page(port: int, seconds: float = 60) -> list[str]:
    """The headings of the first page, as a browser would be sent them. Fails on an exception in the page."""
    headings: list[str] = []
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    origin = Origin(f"http://127.0.0.1:{port}")
    with connect(address, subprotocols=[Subprotocol("streamlit")], origin=origin, max_size=None) as socket:
        message = BackMsg()
        message.rerun_script.query_string = ""
        socket.send(message.SerializeToString())
        deadline = time.monotonic() + seconds
        while True:
            content = socket.recv(timeout=max(deadline - time.monotonic(), 0))
            assert isinstance(content, bytes)
            sent = ForwardMsg.FromString(content)
            if sent.WhichOneof("type") == "script_finished":
                assert sent.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
                return headings
            element = sent.delta.new_element
            assert element.WhichOneof("type") != "exception", element.exception.message
            if element.WhichOneof("type") == "heading":
                headings.append(element.heading.body)
