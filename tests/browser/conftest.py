"""The app served for real, and a Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

expect.set_options(timeout=90_000)  # the first face waits for the models

ROOT = Path(__file__).resolve().parents[2]
# Without these, Chromium looks for updates and fails loudly on a machine without a network.
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
# What the name server of a stranger does who wants to be taken for this machine.
REBOUND = ["--host-resolver-rules=MAP evil.example 127.0.0.1"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Any Chromium on the path. Where one is required (FACECLUSTER_NEEDS_BROWSER), its absence is a failure."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        (pytest.fail if os.environ.get("FACECLUSTER_NEEDS_BROWSER") else pytest.skip)("no Chromium on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*QUIET, *REBOUND])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new window of 1280 pixels; fails the test when the page logged an uncaught error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    uncaught: list[str] = []
    page.on("pageerror", lambda error: uncaught.append(str(error)))
    yield page
    context.close()
    assert not uncaught


@pytest.fixture
def empty_app(tmp_path: Path) -> Iterator[str]:
    """The address of an app with an empty gallery."""
    with serve(tmp_path / "home") as address:
        yield address


@pytest.fixture(scope="module")
def sample_app(sample_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app with a gallery of the sample people."""
    home = tmp_path_factory.mktemp("browser") / "home"
    shutil.copytree(sample_gallery, home)
    with serve(home) as address:
        yield address


@contextmanager
def serve(
    home: Path,
    *more_options: str,
    environment: dict[str, str] | None = None,
    command: Sequence[str] = (
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.headless=true",
        "--server.port={port}",
        "--server.fileWatcherType=none",
    ),
    cwd: Path = ROOT,
) -> Iterator[str]:
    """The address of the app with the gallery in `home`; what it logs is in `server.log` beside that folder.

    `command` are Python's arguments.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [word.format(port=port) for word in command]
    with (home.parent / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", *words, *more_options],
            cwd=cwd,
            env=os.environ | {"FACECLUSTER_HOME": str(home)} | (environment or {}),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_healthy(f"http://localhost:{port}/_stcore/health", server)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            ended_with = _wait_for_end(server)
    assert ended_with == 0
    assert not _tracebacks((home.parent / "server.log").read_text())


def _tracebacks(log: str) -> list[str]:
    """What the server logged of exceptions, but for Streamlit's own: it takes a connection that a visitor broke off for
    one that sent text, and closes it again (starlette_websocket.py)."""
    streamlits = 'Cannot call "send" once a close message', 'WebSocket is not connected. Need to call "accept" first'
    found = log.split("Traceback (most recent call last)")[1:]
    return [text for text in found if not any(own in text for own in streamlits)]


def _wait_for_end(server: subprocess.Popen[bytes]) -> int:
    """The exit status. Of a server that does not end, the log tells what its threads are at."""
    try:
        return server.wait(20)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGABRT)
        server.wait()
        raise


def _wait_until_healthy(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if urllib.request.urlopen(address, timeout=5).read() == b"ok":
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the app did not come up")
