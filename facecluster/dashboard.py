"""Where the dashboard's own files lie: beside the package in a checkout, within it where it was installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def app_file() -> Path:
    """The file that Streamlit is to run; `pages/` and `.streamlit/` lie beside it."""
    installed = _PACKAGE / "_dashboard" / "app.py"
    return installed if installed.is_file() else _PACKAGE.parent / "app.py"
