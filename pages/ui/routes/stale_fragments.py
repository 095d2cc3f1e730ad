"""Requests of a page that the user has left are not passed on to Streamlit, nor what it makes of them to the browser.

A click in the navigation asks the server for a page. Until the first message about it arrives, the browser shows the
old page, whose timers and controls go on and send requests in its name. Streamlit then runs such a fragment after the
new page and says that it runs on the old one: the browser takes that for a change of pages, clears what it shows, and
the page stays empty. Where both requests wait for the same thread, they become one run of the old page, and the click
is lost. Streamlit stops its own timers of fragments on a click (streamlit/streamlit pull request 9617), but no
component's and no control's.

A button whose script switches pages does the same to what was asked for before it: nobody knows then that the page will
be left. So the browser is not told when such a fragment, which is gone, begins under the old page's name.

Covered: fragments. Not covered: a control outside any, which asks for the whole old page: that cannot be told from a
click that goes back to it.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.ui.routes.streamlit_internals import STREAM, PageEvent, Rerun, page_event_in, rerun_in

REMEMBERED = 8  # pages that were left in a row, faster than the browser could show them


class Visit:
    """The pages of one connection."""

    def __init__(self) -> None:
        self._page = ""  # where the browser is, or will be as soon as it is told
        self._left: tuple[str, ...] = ()  # where it may still be
        self._begun = True  # whether the server has begun the page that was requested last

    def concerns(self, rerun: Rerun) -> bool:
        """Whether the browser requests something on a page that it has not left."""
        page = rerun.page
        if rerun.fragment:
            if page in self._left:
                return False
            self._left = ()  # the browser has arrived
        elif page not in ("", self._page):
            self._go_to(page)
            self._begun = False
        return True

    def observe(self, event: PageEvent) -> bool:
        """Follows the server, which may switch pages itself, and returns whether the browser is to hear of it. What it
        shows of a run that a click has ended is late; a fragment that was asked for before it switched is too late."""
        if event.fragment:
            return not self._begun or event.page == self._page
        if not event.shown:
            self._begun = self._begun or event.page == self._page
        if self._begun and event.page != self._page:
            self._go_to(event.page)
        return True

    def _go_to(self, page: str) -> None:
        self._left = (*(left for left in self._left if left != page), self._page)[-REMEMBERED:]
        self._page = page


class StaleFragments:
    """The ASGI middleware: one `Visit` a connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" or not scope["path"].endswith(STREAM):
            await self._app(scope, receive, send)
            return
        visit = Visit()

        async def receive_what_concerns() -> Message:
            while True:
                message = await receive()
                rerun = rerun_in(message.get("bytes") or b"")
                if rerun is None or visit.concerns(rerun):
                    return message

        async def send_and_observe(message: Message) -> None:
            event = page_event_in(message.get("bytes") or b"")
            if event is None or visit.observe(event):
                await send(message)

        await self._app(scope, receive_what_concerns, send_and_observe)
