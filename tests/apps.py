"""The app in process: what tests of pages share."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).resolve().parents[1] / "app.py")


def open_app(page: str) -> AppTest:
    """The app on one of its pages, such as `identify`, without an exception."""
    app = AppTest.from_file(APP, default_timeout=120).run()
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app
