"""Work on the network with a deadline that no server can outlast, and a caller who may stop it in the middle of a wait.

What httpx raises becomes a `DownloadError` here, in one form for everything that is fetched.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Thread
from typing import Any, TypeVar

import httpx

from core.addresses import shown
from core.errors import DownloadError
from core.progress import Progress

TICK = 0.25
"""Seconds between two calls of `progress` while nothing arrives, so that a wait can be stopped too."""

Result = TypeVar("Result")


class Told:
    """The caller's progress callback, with the last thing that it was told."""

    def __init__(self, phase: str, progress: Progress) -> None:
        self._phase, self._progress, self._done, self._total = phase, progress, 0, 0

    def __call__(self, done: int, total: int) -> None:
        self._done, self._total = done, total
        self.again()

    def again(self) -> None:
        self._progress(self._phase, self._done, self._total)


def supervised(work: Coroutine[Any, Any, Result], total_seconds: float, told: Told) -> Result:
    """Runs `work` to its end, on a thread of its own where this one runs an event loop already.

    Raises:
        TimeoutError: It took longer than `total_seconds`, whatever it was waiting for.
        Cancelled: From the caller's progress callback, at most `TICK` seconds late.
    """
    watched = _watched(work, total_seconds, told)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(watched)
    with ThreadPoolExecutor(1, "download") as pool:
        return pool.submit(asyncio.run, watched).result()


class _LookUps(ThreadPoolExecutor):
    """asyncio's threads, on which names are looked up, but each may be left behind: the system's look-up cannot be
    stopped and takes a minute if it likes, for which the end of the event loop would wait, and that of the process."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **named: Any) -> "Future[Any]":
        answer: Future[Any] = Future()

        def work() -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(call(*args, **named))
                except Exception as error:
                    answer.set_exception(error)

        Thread(target=work, name="look-up", daemon=True).start()
        return answer


async def _watched(work: Coroutine[Any, Any, Result], total_seconds: float, told: Told) -> Result:
    asyncio.get_running_loop().set_default_executor(_LookUps())
    task = asyncio.ensure_future(work)
    try:
        async with asyncio.timeout(total_seconds):
            while not (await asyncio.wait({task}, timeout=TICK))[0]:
                told.again()
    finally:
        task.cancel()
        await asyncio.wait({task})  # for the connection and the file to be closed
        if not task.cancelled():
            task.exception()  # asked for, so that asyncio does not report it as overlooked
    return task.result()


@contextmanager
def network_errors(url: str, connect: float, read: float, total: float) -> Iterator[None]:
    """Turns what goes wrong on the network into `DownloadError`; the seconds are the limits that the words name."""
    try:
        yield
    except TimeoutError as error:
        raise DownloadError(f"{shown(url)} took longer than {total:g} seconds") from error
    except httpx.ConnectTimeout as error:
        raise DownloadError(f"{shown(url)} could not be reached within {connect:g} seconds") from error
    except httpx.TimeoutException as error:
        raise DownloadError(f"{shown(url)} sent nothing for {read:g} seconds") from error
    except (httpx.InvalidURL, ValueError) as error:  # their texts quote the address, password and all
        raise DownloadError(f"{shown(url)} could not be fetched: it, or where it leads, is no address") from error
    # ImportError: the environment asks for a SOCKS proxy, which httpx does with an extra package only
    except (httpx.HTTPError, ImportError) as error:
        raise DownloadError(f"{shown(url)} could not be fetched: {one_line(error)}") from error


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
