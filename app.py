"""The entry: `streamlit run app.py` finds the ASGI app. The main script is `pages/main.py`."""

from pathlib import Path

import plotly
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route, WebSocketRoute

from core.jobs.process import allow_open_files
from pages.ui.routes.collect import CollectRoute
from pages.ui.routes.exports import BUNDLE_PATH, PAGE_PATH, download_bundle, download_page
from pages.ui.routes.half_sent import close_half_sent
from pages.ui.routes.live import LiveRoute
from pages.ui.routes.own_pages import OwnPagesOnly
from pages.ui.routes.stale_fragments import StaleFragments

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def plotly_js(request: Request) -> FileResponse:
    """The charts' script from the installed package. Pages ask for it with its version, so it may be kept for long."""
    return FileResponse(PLOTLY, media_type="text/javascript", headers={"Cache-Control": "public, max-age=31536000"})


routes = [
    Route("/api/plotly.js", plotly_js),
    Route(BUNDLE_PATH, download_bundle),
    Route(PAGE_PATH, download_page),
    WebSocketRoute("/api/live", LiveRoute().connect),
    *CollectRoute().routes(),
]
close_half_sent()
allow_open_files()
app = st.App("pages/main.py", routes=routes, middleware=[Middleware(OwnPagesOnly), Middleware(StaleFragments)])
