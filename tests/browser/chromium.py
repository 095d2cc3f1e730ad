"""The Chromium that tests, benchmarks and the pictures of README start: the machine's own, else Playwright's."""

import shutil
from collections.abc import Iterable

from playwright.sync_api import Browser, BrowserType

COMMANDS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first draws a page with a fifth less work than the whole browser does."""
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
"""One that shows a test picture."""


def launch(kind: BrowserType, arguments: Iterable[str] = ()) -> Browser:
    """
    Args:
        kind: `playwright.chromium`.
        arguments: More than `ARGUMENTS`.
    """
    found = next(filter(None, map(shutil.which, COMMANDS)), None)
    return kind.launch(executable_path=found, args=[*ARGUMENTS, *arguments])
