"""Behind a proxy: the one documented setting, and nobody else."""

from typing import Any

import pytest

from pages.ui.routes.own_pages import SETTING, OwnPagesOnly, refusal

PUBLIC = "https://pawlab.school.example"


def scope(**headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": "websocket", "scheme": "ws", "path": "/_stcore/stream", "headers": pairs}


@pytest.mark.parametrize("host", ["pawlab.school.example", "127.0.0.1:8501"])  # proxies keep the name or change it
def test_the_address_of_a_proxy_is_ours_where_it_is_set(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    request = scope(Host=host, Origin=PUBLIC)
    assert refusal(request)
    monkeypatch.setenv(SETTING, PUBLIC + "/")
    assert not refusal(request)
    for origin in (
        "https://school.example",
        "http://pawlab.school.example",
        "https://pawlab.school.example:444",
        "null",
    ):
        assert refusal(scope(Host=host, Origin=origin)), origin


async def _run(request: dict[str, Any]) -> dict[str, Any]:
    passed: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope)

    async def nothing(*message: Any) -> Any:
        raise AssertionError

    await OwnPagesOnly(app)(request, nothing, nothing)
    return passed[0]


def test_streamlit_gets_no_origin_to_look_up_and_a_name_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setenv(SETTING, PUBLIC)
    with ThreadPoolExecutor(1) as thread:  # the browser's tests leave a loop in this one
        request = scope(Host="pawlab.school.example", Origin=PUBLIC, Cookie="a=b")
        passed = thread.submit(asyncio.run, _run(request)).result()
    assert passed["headers"] == [(b"host", b"localhost"), (b"cookie", b"a=b")]
