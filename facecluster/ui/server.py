"""What stands before every answer of the server: foreign names and pages are refused, and no site may frame the app."""

from __future__ import annotations

import importlib
import logging
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import streamlit as st
import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import cli_util, net_util
from streamlit.web.server.server_util import get_url
from uvicorn.server import HANDLED_SIGNALS

from facecluster.errors import AccessError
from facecluster.ui.access import Access, access, reached_by_others, warning
from facecluster.ui.compression import CompressedScripts

logger = logging.getLogger(__name__)

ANY_ADDRESS = ("0.0.0.0", "::")
POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1

first_page_shown = threading.Event()
"""Set by the app's script at the end of its runs."""

COME_NEXT = (
    "facecluster.indexing.extraction",
    "facecluster.clustering.face_clusterer",
    "facecluster.recognition.identification",
    "plotly.graph_objects",
)

GRACE = 3  # seconds that answers under way have when the app ends

HEADERS = {
    # Nothing here is meant to stand in another page, where clicks could be led to Delete.
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    # Faces are no pictures for other sites, nor a photo's bytes a script, nor an address in here anybody's business.
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Guard:
    """ASGI middleware: answers requests that `Access` refuses with 403 and the reason, and adds `HEADERS` to all.

    It sees pages, pictures, uploads and the WebSocket alike. Starlette's TrustedHostMiddleware knows no ranges of
    addresses and no Origin, and cannot say what to do.
    """

    def __init__(self, app: ASGIApp, allowed: Access) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._allowed.refusal(headers.getlist("host"), headers.getlist("origin"))
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
            return
        # A browser shows nobody why its WebSocket was refused.
        logger.warning("Refused: %s", refusal)
        if scope["type"] == "http":
            await PlainTextResponse(f"{refusal}\n", 403)(scope, receive, send_with_headers)
        else:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})  # uvicorn's answer is 403


def middleware() -> list[Middleware]:
    """For `st.App`. Ends the process with one sentence when the list of allowed names cannot be understood."""
    try:
        return [Middleware(Guard, allowed=access()), Middleware(CompressedScripts)]
    except AccessError as error:
        raise SystemExit(str(error)) from error


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """For `st.App`: tells where the app is, warns in the log where other machines reach it, and opens the browser."""
    _stop_on_signals()
    urls = _urls()
    cli_util.print_to_cli("\n  You can now view facecluster in your browser.\n")
    cli_util.print_to_cli("".join(f"  URL: {url}\n" for url in urls))
    if reached_by_others():
        logger.warning("%s", warning())
    if not st.get_option("server.headless"):
        cli_util.open_browser(urls[0])
    threading.Thread(target=_import_what_comes_next, name="imports", daemon=True).start()
    yield


def _import_what_comes_next() -> None:
    """Imports, once a first page is there, what the first work needs: three seconds that nobody then waits for."""
    first_page_shown.wait()
    for name in COME_NEXT:
        try:
            importlib.import_module(name)
        except Exception as error:  # the app is ending; whatever else it is shows where the module is needed
            logger.info("%s was not imported beforehand: %s", name, error)


def _urls() -> list[str]:
    """Where a browser finds the app.

    Streamlit tells this itself, but asks a server on the internet for the address of this machine before it does.
    """
    shown, address = st.get_option("browser.serverAddress"), st.get_option("server.address") or ANY_ADDRESS[0]
    if shown != "localhost":
        return [get_url(shown)]
    if address not in ANY_ADDRESS:
        return [get_url(f"[{address}]" if ":" in address else address)]
    return [get_url("localhost"), get_url(net_util.get_internal_ip() or shown)]


def _stop_on_signals() -> None:
    """Ctrl+C and a kill end the app as they end plain scripts of Streamlit: tidily, with exit status 0.

    Left to itself, uvicorn shuts down and then sends itself the signal again, which ends the process at once. And it
    waits for answers under way without end, though a browser that is busy may never fetch the rest of one.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if not isinstance(server, uvicorn.Server):
        return  # served by something else, which has its own way

    server.config.timeout_graceful_shutdown = GRACE

    def stop(number: int, frame: FrameType | None) -> None:
        server.force_exit = server.should_exit and number == signal.SIGINT
        server.should_exit = True

    for number in HANDLED_SIGNALS:
        signal.signal(number, stop)
