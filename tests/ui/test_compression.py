"""Scripts go through the network compressed, once made and as they are to who takes them so; all else is left alone."""

from __future__ import annotations

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from facecluster.ui.compression import CompressedScripts

SCRIPT = b"export default 1;\n" * 2000


class Server:
    """Answers every request with the script in two parts, or says that the browser has it already."""

    def __init__(self) -> None:
        self.app = CompressedScripts(self._answer)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        has_it = (b"if-none-match", b'"1"') in scope["headers"]
        length = 0 if has_it else len(SCRIPT)
        headers = [(b"content-length", str(length).encode()), (b"etag", b'"1"')]
        await send({"type": "http.response.start", "status": 304 if has_it else 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if has_it else SCRIPT[:100], "more_body": not has_it})
        if not has_it:
            await send({"type": "http.response.body", "body": SCRIPT[100:]})

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "GET", "path": path, "headers": raw}
        # In a thread of its own: Playwright's loop, if there is one, runs in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self.app(scope, None, send)).result()  # type: ignore[arg-type]
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], answered, b"".join(part.get("body", b"") for part in sent[1:])


def test_a_script_is_sent_compressed_each_time_and_says_so() -> None:
    server = Server()
    for _ in range(2):
        status, headers, body = server.get("/static/js/a.js", accept_encoding="gzip, br")
        assert (status, headers["content-encoding"], headers["vary"]) == (200, "gzip", "accept-encoding")
        assert int(headers["content-length"]) == len(body) < len(SCRIPT) / 10
        assert gzip.decompress(body) == SCRIPT


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/static/js/a.js", {}),
        ("/static/js/a.js", {"accept_encoding": "gzip", "range": "bytes=0-99"}),
        ("/static/media/a.woff2", {"accept_encoding": "gzip"}),
        ("/media/photo.js", {"accept_encoding": "gzip"}),
    ],
)
def test_what_is_no_script_or_not_asked_for_compressed_is_sent_as_it_is(path: str, headers: dict[str, str]) -> None:
    status, answered, body = Server().get(path, **headers)
    assert (status, "content-encoding" in answered, body) == (200, False, SCRIPT)


def test_a_script_that_the_browser_has_is_not_sent_again() -> None:
    status, headers, body = Server().get("/static/js/a.js", accept_encoding="gzip", if_none_match='"1"')
    assert (status, "content-encoding" in headers, body) == (304, False, b"")
