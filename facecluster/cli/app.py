"""The command that serves the dashboard."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from facecluster.dashboard import app_file
from facecluster.gallery.gallery import gallery_folder


def serve(options: argparse.Namespace) -> int:
    """Serves the dashboard until it is ended; the server's exit status. Raises GalleryError for a bad name."""
    if options.gallery is not None:
        os.environ["FACECLUSTER_HOME"] = str(gallery_folder(options.gallery))
    command = [sys.executable, "-m", "streamlit", "run", str(app_file()), f"--server.port={options.port}"]
    if options.no_browser:
        command.append("--server.headless=true")
    if os.name == "posix":  # so that a signal meets the server and not only what began it
        os.execv(command[0], command)
    return subprocess.call(command)
