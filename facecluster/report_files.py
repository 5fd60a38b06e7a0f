"""Where a report goes: its page and its JSON as two files, each whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from facecluster.errors import EvaluationError
from facecluster.report import report_html
from facecluster.report_data import as_document
from facecluster.user_paths import user_path

if TYPE_CHECKING:
    from facecluster.lab import LabResults


def report_files(file: str | Path) -> tuple[Path, Path]:
    """Where `write_report` puts the page and its JSON. Raises EvaluationError when they cannot be written there."""
    try:
        page = user_path(file, EvaluationError)
        if page.is_dir():
            raise EvaluationError(f"The report cannot be written to {file}, which is a folder: name a file in it.")
        page = page.with_suffix(".html") if page.suffix == ".json" else page
        data = page.with_suffix(".json")
        if not page.parent.is_dir():
            raise EvaluationError(f"The report cannot be written to {page}: there is no folder {page.parent}.")
        for path in (page, data):
            if path.is_dir():
                raise EvaluationError(
                    f"The report cannot be written to {path}, which is a folder: choose another file."
                )
            if not os.access(path if path.exists() else path.parent, os.W_OK):
                raise EvaluationError(
                    f"The report cannot be written to {path}: give yourself permission to write there."
                )
    # A name that is too long, or none at all.
    except (OSError, ValueError) as error:
        why = str(error).rstrip(".")
        raise EvaluationError(f"The report cannot be written to {file} ({why}): choose another file.") from error
    return page, data


def write_report(results: LabResults, file: str | Path) -> tuple[Path, Path]:
    """Writes the HTML to `file` and the JSON beside it, ending in .json; returns both.

    Each appears as a whole or not at all. Raises EvaluationError when they cannot be written there.
    """
    page, data = report_files(file)
    document = json.dumps(as_document(results), indent=2, ensure_ascii=False)
    try:
        for path, text in ((page, report_html(results)), (data, document)):
            _write(path, text)
    except OSError as error:
        raise EvaluationError(
            f"The report cannot be written to {page} ({error.strerror}): choose another file."
        ) from error
    return page, data


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
