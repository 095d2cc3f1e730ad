"""The route that sends bundles: only verified ones of runs in the store, to our own pages, in small pieces or parts."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from core.export.bundle import Bundle
from core.export.kept import BUNDLE, PAGE, export_key
from core.export.page.build import Page
from core.runs.choices import THRESHOLD
from core.runs.run import Run, load_run
from pages.ui.routes.exports import BUNDLE_PATH, PAGE_PATH, download_bundle, download_page, export_address
from tests.serving import serving_routes

CONTENT = bytes(range(256)) * 40
ROUTES = (Route(BUNDLE_PATH, download_bundle), Route(PAGE_PATH, download_page))


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Of a real server."""
    with (
        serving_routes(*ROUTES) as port,
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
    (run.directory / BUNDLE.file).write_bytes(content)
    bundle = Bundle("", len(content), ("predict.py",), 27, "", 3e-8, 1e-6, "", None, "not asked")
    BUNDLE.note(run, export_key(run), bundle)


def test_a_verified_bundle_is_sent_under_a_name_that_says_whose_it_is(client: httpx.Client, run: Run) -> None:
    response = client.get(export_address(BUNDLE_PATH, run.id))
    assert response.status_code == 200
    assert response.content == CONTENT
    assert response.headers["content-disposition"] == f'attachment; filename="{run.id}.zip"'
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_page_is_saved_and_never_shown_as_one_of_ours(client: httpx.Client, run: Run) -> None:
    assert client.get(export_address(PAGE_PATH, run.id)).status_code == 404
    (run.directory / PAGE.file).write_bytes(b"<script>1</script>")
    PAGE.note(run, export_key(run), Page("", 18, {"model": 1}))
    response = client.get(export_address(PAGE_PATH, run.id))
    assert response.content == b"<script>1</script>"
    assert response.headers["content-disposition"] == f'attachment; filename="{run.id}.html"'
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_folder_of_any_name_gives_a_name_that_every_system_takes(client: httpx.Client, run: Run) -> None:
    directory = run.directory.rename(run.directory.with_name('a "b"\r\nX: y; ‮🐈.html'))
    keep(load_run(directory), CONTENT)
    response = client.get(export_address(BUNDLE_PATH, directory.name))
    assert response.content == CONTENT
    assert "x" not in response.headers
    assert response.headers["content-disposition"].isascii()
    assert response.headers["content-disposition"].endswith(".html.zip")


@pytest.mark.parametrize(
    ("range_", "part"),
    [("bytes=100-", CONTENT[100:]), ("bytes=0-9", CONTENT[:10]), ("bytes=-5", CONTENT[-5:])],
)
def test_a_broken_download_goes_on_where_it_stopped(client: httpx.Client, run: Run, range_: str, part: bytes) -> None:
    tag = client.head(export_address(BUNDLE_PATH, run.id)).headers["etag"]
    response = client.get(export_address(BUNDLE_PATH, run.id), headers={"Range": range_, "If-Range": tag})
    assert (response.status_code, response.content) == (206, part)
    assert response.headers["content-range"].endswith(f"/{len(CONTENT)}")
    another = client.get(
        export_address(BUNDLE_PATH, run.id), headers={"Range": range_, "If-Range": '"of an older bundle"'}
    )
    assert (another.status_code, another.content) == (200, CONTENT)


def test_a_range_beyond_the_file_is_refused(client: httpx.Client, run: Run) -> None:
    assert client.get(export_address(BUNDLE_PATH, run.id), headers={"Range": "bytes=999999-"}).status_code == 416


def test_only_runs_of_the_store_are_found(client: httpx.Client, run: Run, pawlab_home: Path) -> None:
    elsewhere = shutil.copytree(run.directory, pawlab_home / "elsewhere")
    keep(load_run(elsewhere), CONTENT)
    (pawlab_home / "runs" / "linked").symlink_to(elsewhere)
    (pawlab_home / "runs" / "empty").mkdir()
    ids = ["", ".", "..", "../elsewhere", "..%2Felsewhere", f"./{run.id}", f"{run.id}/", f"{run.id}/bundle.zip"]
    for name in [*ids, "linked", str(elsewhere), "nothing", "empty", "\0", "x" * 3000, f"{run.id}\\..\\{run.id}", "🐈"]:
        response = client.get(export_address(BUNDLE_PATH, name))
        assert (response.status_code, bool(response.text)) == (404, True), name
        assert str(pawlab_home) not in response.text
    for path in (f"{BUNDLE_PATH}/{run.id}", f"{BUNDLE_PATH}/..%2f..%2f{run.id}", f"{BUNDLE_PATH}/", BUNDLE_PATH):
        assert client.get(path, follow_redirects=True).status_code == 404


@pytest.mark.parametrize("change", ["threshold", "half", "no bundle", "not verified", "link"])
def test_what_was_not_verified_is_not_sent(client: httpx.Client, run: Run, tmp_path: Path, change: str) -> None:
    file = run.directory / BUNDLE.file
    if change == "threshold":
        THRESHOLD.keep(run, 0.9)
    elif change == "half":
        file.write_bytes(CONTENT[:100])
    elif change == "no bundle":
        file.unlink()
    elif change == "not verified":
        (run.directory / BUNDLE.about).unlink()
    else:
        file.rename(tmp_path / "secret")
        file.symlink_to(tmp_path / "secret")
    response = client.get(export_address(BUNDLE_PATH, run.id))
    assert response.status_code == 404
    assert "no such export" in response.text


def test_nothing_can_be_sent_to_it(client: httpx.Client, run: Run) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, export_address(BUNDLE_PATH, run.id)).status_code == 405
    assert (run.directory / BUNDLE.file).read_bytes() == CONTENT


def test_a_large_bundle_is_never_in_memory(run: Run) -> None:
    large = 300 * 2**20
    with (run.directory / BUNDLE.file).open("wb") as file:
        file.truncate(large)
    about = json.loads((run.directory / BUNDLE.about).read_text())
    about["export"]["bytes"] = large
    (run.directory / BUNDLE.about).write_text(json.dumps(about))
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
        "path": BUNDLE_PATH,
        "query_string": f"run={quote(run.id)}".encode(),
        "headers": [(b"host", b"127.0.0.1:8501")],
    }
    with ThreadPoolExecutor(1) as thread:  # the browser's tests leave a loop in this one
        thread.submit(asyncio.run, Starlette(routes=ROUTES)(scope, receive, send)).result()
    assert sum(pieces) == large
    assert max(pieces) <= 2**20
