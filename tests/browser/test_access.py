"""Who gets an answer from the served app: raw requests under good and foreign names, and a real browser."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.browser.conftest import serve

# All that Streamlit answers, uploads and the picture of a face besides.
PATHS = [
    "/",
    "/clusters",
    "/favicon.png",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/script-health-check",
    "/_stcore/agent/openapi.json",
    "/_stcore/bidi-components/any/index.js",
    "/component/any/index.html",
    "/app/static/any.txt",
    "/auth/login",
    "/media/0123456789abcdef.jpg",
    "/no/such/path",
]
_PICTURES = rb"/media/[0-9a-f]+\.\w+|data:image/jpeg;base64,[\w+/=]+"
LOCAL = ["localhost", "127.0.0.1", "[::1]", "faces.localhost"]


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Visitor:
    """Talks to the app at `address` under any name: it connects to 127.0.0.1 whatever the name."""

    address: str
    port: int = field(init=False)

    def __post_init__(self) -> None:
        self.port = urlsplit(self.address).port or 0

    def ask(self, path: str, name: str, origin: str | None = None, method: str = "GET") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Host": f"{name}:{self.port}"} | ({"Origin": origin} if origin else {})
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        answer = Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, response.read())
        connection.close()
        return answer

    def faces(self, name: str, origin: str | None) -> list[str]:
        """The pictures on the clusters page with a face open, as a browser gets them: the path of the photo, then the
        crops themselves. Raises InvalidStatus if refused."""
        ask = BackMsg()
        ask.rerun_script.page_name = "clusters"
        ask.rerun_script.query_string = "face=5"
        found: set[str] = set()
        with connect(
            f"ws://{name}:{self.port}/_stcore/stream",
            sock=socket.create_connection(("127.0.0.1", self.port)),
            origin=Origin(origin) if origin else None,
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
        ) as stream:
            stream.send(ask.SerializeToString())
            while True:
                received = stream.recv(timeout=60)
                assert isinstance(received, bytes)
                found.update(path.decode() for path in re.findall(_PICTURES, received))
                if ForwardMsg.FromString(received).WhichOneof("type") == "script_finished":
                    return sorted(found)

    def own(self, name: str) -> str:
        return f"http://{name}:{self.port}"


@pytest.fixture(scope="module")
def visitor(sample_app: str) -> Visitor:
    return Visitor(sample_app)


@pytest.fixture(scope="module")
def open_to_all(sample_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Visitor, Path]]:
    """An app that listens on all addresses and has one configured name, and its log."""
    home = tmp_path_factory.mktemp("open") / "home"
    shutil.copytree(sample_gallery, home)
    names = {"FACECLUSTER_ALLOWED_HOSTS": "photos.example"}
    with serve(home, "--server.address=0.0.0.0", environment=names) as address:
        yield Visitor(address), home.parent / "server.log"


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_name_gets_no_answer_from_any_path(visitor: Visitor, path: str) -> None:
    answer = visitor.ask(path, "evil.example", visitor.own("evil.example"))
    assert answer.status == 403
    assert answer.body.decode().count("\n") == 1
    assert "'evil.example'" in answer.body.decode()
    assert "FACECLUSTER_ALLOWED_HOSTS" in answer.body.decode()
    assert visitor.ask(path, "localhost").status != 403


def test_faces_are_shown_and_served_to_this_machine_alone(visitor: Visitor) -> None:
    for name in LOCAL:
        pictures = visitor.faces(name, visitor.own(name))
        assert len(pictures) >= 12
        assert visitor.ask(pictures[0], name).headers["content-type"] == "image/jpeg"
    with pytest.raises(InvalidStatus) as refused:
        visitor.faces("evil.example", visitor.own("evil.example"))
    assert refused.value.response.status_code == 403
    assert visitor.ask(pictures[0], "evil.example", visitor.own("evil.example")).status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
def test_pages_of_other_sites_get_nothing_under_a_good_name(visitor: Visitor, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        visitor.faces("localhost", origin)
    assert refused.value.response.status_code == 403
    assert visitor.ask("/_stcore/health", "localhost", origin).status == 403


def test_uploads_and_deletions_need_a_good_name(visitor: Visitor) -> None:
    for method in ("PUT", "DELETE", "OPTIONS"):
        answer = visitor.ask("/_stcore/upload_file/1/2", "evil.example", visitor.own("evil.example"), method)
        assert b"does not answer to the name" in answer.body


@pytest.mark.parametrize("path", PATHS)
def test_no_site_may_frame_any_answer(visitor: Visitor, path: str) -> None:
    for name in ("localhost", "evil.example"):
        headers = visitor.ask(path, name).headers
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"] == "frame-ancestors 'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_no_other_window_may_send_commands(visitor: Visitor) -> None:
    assert b'"allowedOrigins":[]' in visitor.ask("/_stcore/host-config", "localhost").body


def test_open_to_all_means_addresses_and_configured_names(open_to_all: tuple[Visitor, Path]) -> None:
    visitor, _ = open_to_all
    for name in ("localhost", "192.168.1.5", "[fe80::1]", "photos.example"):
        assert len(visitor.faces(name, visitor.own(name))) >= 12
    assert visitor.ask("/", "evil.example").status == 403
    with pytest.raises(InvalidStatus):
        visitor.faces("evil.example", visitor.own("evil.example"))


@pytest.mark.browser
def test_open_to_all_is_told_in_the_log_and_on_every_page(page: Page, open_to_all: tuple[Visitor, Path]) -> None:
    visitor, log = open_to_all
    told = "Anyone who can reach this machine on the network may see all faces, and add and delete photos."
    assert log.read_text().count(told) == 1
    assert f"URL: http://localhost:{visitor.port}\n" in log.read_text()
    assert "external" not in log.read_text().lower()  # Streamlit would ask the internet for this machine's address
    for name in ("", "identify", "clusters"):
        page.goto(f"{visitor.address}/{name}")
        warning = page.get_by_test_id("stAlert").filter(has_text=told)
        expect(warning).to_contain_text("--server.address localhost")
        heading = page.get_by_role("heading").first.bounding_box()
        assert heading is not None
        assert heading["y"] < 160  # pixels: it stands beside the gallery's name, not above everything


@pytest.mark.browser
def test_this_machine_alone_is_no_reason_to_warn(page: Page, visitor: Visitor) -> None:
    page.goto(f"{visitor.address}/clusters")
    expect(page.get_by_role("heading", name="Clusters")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


@pytest.mark.browser
def test_a_browser_whose_name_server_lies_sees_no_face(page: Page, visitor: Visitor) -> None:
    answer = page.goto(f"{visitor.own('evil.example')}/clusters")
    assert answer is not None
    assert answer.status == 403
    assert "does not answer to the name 'evil.example'" in page.inner_text("body")
    page.goto(f"{visitor.own('localhost')}/clusters")
    expect(page.get_by_role("heading", name="Clusters")).to_be_visible()


@pytest.mark.browser
def test_a_browser_shows_the_app_in_no_frame(page: Page, visitor: Visitor) -> None:
    page.route("http://evil.example/", lambda route: route.fulfill(body="<iframe></iframe>", content_type="text/html"))
    page.goto("http://evil.example/")
    frame = page.locator("iframe").element_handle().content_frame()
    assert frame is not None
    with pytest.raises(Error, match="ERR_BLOCKED_BY_RESPONSE"):
        frame.goto(visitor.own("localhost"))
    expect(page.frame_locator("iframe").get_by_test_id("stApp")).to_have_count(0)


@pytest.mark.browser
def test_the_server_ends_tidily_while_a_page_is_open(page: Page, tmp_path: Path) -> None:
    with serve(tmp_path / "home") as address:  # on the way out, it asks for the server's end and its exit status
        page.goto(address)
        expect(page.get_by_role("heading", name="Who is on these photos?")).to_be_visible()


def test_the_server_ends_though_a_browser_never_fetches_its_answer(tmp_path: Path) -> None:
    with serve(tmp_path / "home") as address:
        host, port = address.removeprefix("http://").split(":")
        waiting = socket.create_connection((host, int(port)))
        # The body that it announces never comes.
        waiting.sendall(b"POST /_stcore/upload_file/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n")
        begin = time.monotonic()
    waiting.close()
    assert time.monotonic() - begin < 15
