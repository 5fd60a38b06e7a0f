"""Streamlit's scripts, which its server sends as they are, go through the network compressed: a third of their size.

Plotly's alone has 4.7 MB. Starlette's GZipMiddleware would compress it at every request, which takes half a second.
"""

from __future__ import annotations

import asyncio
import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_COMPRESSED = (".js", ".css")
_LEAST = 10_000  # bytes: below, there is little to be gained
_MOST_KEPT = 200  # files; a page needs about thirty


class CompressedScripts:
    """ASGI middleware: answers for scripts and style sheets below `static/` are compressed once, and kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[tuple[str, str], bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _is_for_us(scope):
            await self._app({**scope, "extensions": {}}, receive, _Compressing(self._kept, scope["path"], send))
        else:
            await self._app(scope, receive, send)


class _Compressing:
    """Takes the messages of one answer, and sends it compressed once all of it is there."""

    def __init__(self, kept: dict[tuple[str, str], bytes], path: str, send: Send) -> None:
        self._kept, self._path, self._send = kept, path, send
        self._start: Message | None = None
        self._body: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_large(message):
            self._start = message
            return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body.append(message.get("body", b""))
        if not message.get("more_body"):
            await self._send_compressed(self._start)

    async def _send_compressed(self, start: Message) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        key = (self._path, headers.get("etag", ""))  # of another version of Streamlit, a file may have another content
        if key not in self._kept:
            compressed = await asyncio.to_thread(gzip.compress, b"".join(self._body), 6)
            if len(self._kept) < _MOST_KEPT:
                self._kept[key] = compressed
        else:
            compressed = self._kept[key]
        headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(compressed))
        headers.add_vary_header("accept-encoding")
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": compressed})


def _is_large(start: Message) -> bool:
    return start["status"] == 200 and int(Headers(raw=start["headers"]).get("content-length", 0)) >= _LEAST


def _is_for_us(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    headers = Headers(scope=scope)
    accepts = "gzip" in headers.get("accept-encoding", "") and "range" not in headers
    return accepts and "/static/" in scope["path"] and scope["path"].endswith(_COMPRESSED)
