"""The route that sends bundles: only verified ones of runs in the store, to our own pages, in small pieces or parts."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from core.export.bundle import Bundle
from core.export.kept import ABOUT, ZIP, bundle_key
from core.runs.run import Run, load_run
from core.runs.threshold import choose_threshold
from pages.ui.routes.bundle import PATH, bundle_address, download_bundle
from tests.serving import serving_routes

CONTENT = bytes(range(256)) * 40
ROUTE = Route(PATH, download_bundle)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Of a real server."""
    with (
        serving_routes(ROUTE) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client,
    ):
        yield client


@pytest.fixture
def run(trained: Run, pawlab_home: Path) -> Run:
    """The finished run, with a bundle that was verified."""
    run = load_run(shutil.copytree(trained.directory, pawlab_home / "runs" / trained.id))
    keep(run, CONTENT)
    return run


def keep(run: Run, content: bytes) -> None:
    (run.directory / ZIP).write_bytes(content)
    facts = asdict(Bundle("", len(content), ("predict.py",), 27, "", 3e-8, 1e-6, "", None, "not asked"))
    (run.directory / ABOUT).write_text(json.dumps({"key": bundle_key(run), "bundle": facts}))


def test_a_verified_bundle_is_sent_under_a_name_that_says_whose_it_is(client: httpx.Client, run: Run) -> None:
    response = client.get(bundle_address(run.id))
    assert response.status_code == 200
    assert response.content == CONTENT
    assert response.headers["content-disposition"] == f'attachment; filename="{run.id}.zip"'
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_folder_of_any_name_gives_a_name_that_every_system_takes(client: httpx.Client, run: Run) -> None:
    directory = run.directory.rename(run.directory.with_name('a "b"\r\nX: y; ‮🐈.html'))
    keep(load_run(directory), CONTENT)
    response = client.get(bundle_address(directory.name))
    assert response.content == CONTENT
    assert "x" not in response.headers
    assert response.headers["content-disposition"].isascii()
    assert response.headers["content-disposition"].endswith(".html.zip")


@pytest.mark.parametrize(
    ("range_", "part"),
    [("bytes=100-", CONTENT[100:]), ("bytes=0-9", CONTENT[:10]), ("bytes=-5", CONTENT[-5:])],
)
def test_a_broken_download_goes_on_where_it_stopped(client: httpx.Client, run: Run, range_: str, part: bytes) -> None:
    tag = client.head(bundle_address(run.id)).headers["etag"]
    response = client.get(bundle_address(run.id), headers={"Range": range_, "If-Range": tag})
    assert (response.status_code, response.content) == (206, part)
    assert response.headers["content-range"].endswith(f"/{len(CONTENT)}")
    another = client.get(bundle_address(run.id), headers={"Range": range_, "If-Range": '"of an older bundle"'})
    assert (another.status_code, another.content) == (200, CONTENT)


def test_a_range_beyond_the_file_is_refused(client: httpx.Client, run: Run) -> None:
    assert client.get(bundle_address(run.id), headers={"Range": "bytes=999999-"}).status_code == 416


def test_only_runs_of_the_store_are_found(client: httpx.Client, run: Run, pawlab_home: Path) -> None:
    elsewhere = shutil.copytree(run.directory, pawlab_home / "elsewhere")
    keep(load_run(elsewhere), CONTENT)
    (pawlab_home / "runs" / "linked").symlink_to(elsewhere)
    (pawlab_home / "runs" / "empty").mkdir()
    ids = ["", ".", "..", "../elsewhere", "..%2Felsewhere", f"./{run.id}", f"{run.id}/", f"{run.id}/{ZIP}", "linked"]
    for name in [*ids, str(elsewhere), "nothing", "empty", "\0", "x" * 3000, f"{run.id}\\..\\{run.id}", "🐈"]:
        response = client.get(bundle_address(name))
        assert (response.status_code, bool(response.text)) == (404, True), name
        assert str(pawlab_home) not in response.text
    for path in (f"{PATH}/{run.id}", f"{PATH}/..%2f..%2f{run.id}", f"{PATH}/", PATH):
        assert client.get(path, follow_redirects=True).status_code == 404


@pytest.mark.parametrize("change", ["threshold", "half", "no bundle", "not verified", "link"])
def test_what_was_not_verified_is_not_sent(client: httpx.Client, run: Run, tmp_path: Path, change: str) -> None:
    file = run.directory / ZIP
    if change == "threshold":
        choose_threshold(run, 0.9)
    elif change == "half":
        file.write_bytes(CONTENT[:100])
    elif change == "no bundle":
        file.unlink()
    elif change == "not verified":
        (run.directory / ABOUT).unlink()
    else:
        file.rename(tmp_path / "secret")
        file.symlink_to(tmp_path / "secret")
    response = client.get(bundle_address(run.id))
    assert response.status_code == 404
    assert "no such bundle" in response.text


def test_nothing_can_be_sent_to_it(client: httpx.Client, run: Run) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, bundle_address(run.id)).status_code == 405
    assert (run.directory / ZIP).read_bytes() == CONTENT


def test_a_large_bundle_is_never_in_memory(run: Run) -> None:
    large = 300 * 2**20
    with (run.directory / ZIP).open("wb") as file:
        file.truncate(large)
    about = json.loads((run.directory / ABOUT).read_text())
    about["bundle"]["bytes"] = large
    (run.directory / ABOUT).write_text(json.dumps(about))
    pieces: list[int] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(600)
        raise AssertionError

    async def send(message: Any) -> None:
        pieces.append(len(message.get("body", b"")))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": PATH,
        "query_string": f"run={quote(run.id)}".encode(),
        "headers": [(b"host", b"127.0.0.1:8501")],
    }
    with ThreadPoolExecutor(1) as thread:  # the browser's tests leave a loop in this one
        thread.submit(asyncio.run, Starlette(routes=[ROUTE])(scope, receive, send)).result()
    assert sum(pieces) == large
    assert max(pieces) <= 2**20
