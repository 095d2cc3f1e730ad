"""What a page still asks for after the browser has asked for another one is not passed on to Streamlit.

A click in the navigation asks the server for a page. Until the first message about it arrives, the browser shows the
old page, whose timers and controls go on and ask in its name. Streamlit (1.67) runs a fragment that is asked for then
after the new page, and says that it runs on the old one: the browser takes that for a change of pages, clears what it
shows, and the page stays empty. Where both requests wait for the same thread, they become one run of the old page, and
the click is lost. Streamlit stops its own timers of fragments on a click (streamlit/streamlit pull request 9617), but
no component's and no control's.

Covered: fragments. Not covered: a control outside any, which asks for the whole old page: that cannot be told from a
click that goes back to it.
"""

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

STREAM = "/_stcore/stream"
LONGEST = 50_000  # bytes; the messages that we look for have one or two thousand
REMEMBERED = 8  # pages that were left in a row, faster than the browser could show them


class Visit:
    """The pages of one connection, each known by Streamlit's hash of it."""

    def __init__(self) -> None:
        self._page = ""  # where the browser is, or will be as soon as it hears of it
        self._left: tuple[str, ...] = ()  # where it may still be
        self._begun = True  # whether the server has begun what was asked for last

    def concerns(self, asked: BackMsg) -> bool:
        """Whether the browser asks for something on a page that it has not left."""
        if asked.WhichOneof("type") != "rerun_script":
            return True
        page = asked.rerun_script.page_script_hash
        if asked.rerun_script.fragment_id:
            if page in self._left:
                return False
            self._left = ()  # it has arrived
        elif page not in ("", self._page):
            self._left = (*(left for left in self._left if left != page), self._page)[-REMEMBERED:]
            self._page, self._begun = page, False
        return True

    def hears(self, said: ForwardMsg) -> None:
        """What the server says. It may switch pages itself; what it said of a run that a click has ended is late."""
        match said.WhichOneof("type"):
            case "new_session" if not said.metadata.run.fragment_ids:
                self._begun = self._begun or said.new_session.page_script_hash == self._page
            case "navigation" if self._begun:
                self._page = said.navigation.page_script_hash
                self._left = tuple(left for left in self._left if left != self._page)


class Leaving:
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
                try:
                    if visit.concerns(BackMsg.FromString(message.get("bytes") or b"")):
                        return message
                except DecodeError:
                    return message  # Streamlit's to refuse

        async def send_and_hear(message: Message) -> None:
            data = message.get("bytes") or b""
            if len(data) <= LONGEST:
                visit.hears(ForwardMsg.FromString(data))
            await send(message)

        await self._app(scope, receive_what_concerns, send_and_hear)
