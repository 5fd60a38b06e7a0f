"""Where a report goes: its page and its JSON, two files, each whole or not at all, and over none but older reports."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from facecluster.errors import EvaluationError
from facecluster.presentation.report.document import as_document
from facecluster.presentation.report.page import report_html
from facecluster.user_paths import user_path
from facecluster.writing import beginning, put_new, written_aside

if TYPE_CHECKING:
    from facecluster.evaluation.results import EvaluationResults
    from facecluster.presentation.report.faces import ShownFaces

_PAGES = (".html", ".htm")

# How our files begin, so that they are known again: `GENERATOR` near the front, or what none but ours of version 0.1.0
# began with before they told who made them.
_PAGE_BEGINS = re.compile(
    rb'<!DOCTYPE html>\r?\n<html lang="en"><head><meta charset="utf-8">'
    rb'(?:<meta name="generator" content="facecluster [^"<>]*, evaluation report">'
    rb'|<meta name="viewport" content="width=device-width, initial-scale=1">\r?\n'
    rb"<title>Evaluation of [^<]*</title>\r?\n<style>\r?\n"
    rb"body \{ font: 15px/1\.5 system-ui, sans-serif; color: #1e293b; background: #fff; margin: 2rem auto;)"
)
_JSON_BEGINS = re.compile(
    rb'\s*\{\s*"(?:generator": ?"facecluster [^"\\]*, evaluation report"'
    rb'|gallery": "(?:[^"\\]|\\.)*",\s*"created": "[^"]*",\s*"settings": \{\s*"folds": \d+,\s*"left_out": (?:null|\d+),'
    rb'\s*"draws": \d+,\s*"fpir": )'
)
_BEGINNING = 4096  # bytes; a gallery's name, six times as long in HTML, comes first in older ones


def report_files(file: str | Path) -> tuple[Path, Path]:
    """Where `write_report` puts the page and its JSON, by the name of either: `.html` or `.htm`, or `.json`.

    Raises EvaluationError when they cannot be written there, as where anything but an older report lies.
    """
    try:
        page, data = _names(file)
        for path in (page, data):
            _require_place(path)
    # No home of that name, a name that is too long, or none at all.
    except (OSError, RuntimeError, ValueError) as error:
        why = str(error).rstrip(".")
        raise EvaluationError(f"The report cannot be written to {file} ({why}): choose another file.") from error
    return page, data


def _names(file: str | Path) -> tuple[Path, Path]:
    if not str(file).strip():
        raise EvaluationError("No file is named for the report: name one that ends in .html.")
    given = user_path(file, EvaluationError)
    if given.is_dir():
        raise EvaluationError(f"The report cannot be written to {file}, which is a folder: name a file in it.")
    if given.suffix.lower() == ".json":
        return given.with_suffix(_PAGES[0]), given
    if given.suffix.lower() in _PAGES:
        return given, given.with_suffix(".json")
    raise EvaluationError(
        f"The report cannot be written to {file}: name a file that ends in .html, and its figures go beside it, into "
        "one that ends in .json."
    )


def _require_place(path: Path) -> None:
    """Raises EvaluationError, and OSError for names that are none."""
    if not path.parent.is_dir():
        raise EvaluationError(f"The report cannot be written to {path}: there is no folder {path.parent}.")
    if what := _foreign(path):
        raise EvaluationError(f"The report cannot be written to {path}, {what}: choose another file.")
    target = Path(os.path.realpath(path))
    if not all(os.access(place, os.W_OK) for place in (target.parent, target) if place.exists()):
        raise EvaluationError(f"The report cannot be written to {path}: give yourself permission to write there.")


def _foreign(path: Path) -> str:
    """What lies at `path` and is no report of ours, as a sentence goes on; empty where nothing or a report does."""
    target = Path(os.path.realpath(path))
    link = f"a link to {target}, " if path.is_symlink() else ""
    try:
        info = target.lstat()
    except FileNotFoundError:
        return f"{link}where nothing is" if link else ""
    if stat.S_ISDIR(info.st_mode):
        return f"{link}which is a folder"
    if not stat.S_ISREG(info.st_mode):
        return f"{link}which is a pipe or a device, not a file"
    if _is_written_by_the_shell(info):
        return f"{link}which this command's output goes to"
    if not info.st_size:
        return f"{link}an empty file that is no report of facecluster's"
    try:
        begins = beginning(target, _BEGINNING)
    except OSError as error:
        return f"{link}which cannot be read ({error.strerror})"
    known = _PAGE_BEGINS if path.suffix.lower() in _PAGES else _JSON_BEGINS
    return "" if known.match(begins) else f"{link}which is no report of facecluster's"


def _is_written_by_the_shell(info: os.stat_result) -> bool:
    """Whether standard output or error goes to that file, as by `> results.json`, also if it was a report before."""
    for descriptor in (1, 2):
        try:
            if os.path.samestat(info, os.fstat(descriptor)):
                return True
        except OSError:  # closed
            continue
    return False


def write_report(
    results: EvaluationResults, file: str | Path, faces: Mapping[str, Sequence[ShownFaces]] | None = None
) -> tuple[Path, Path]:
    """Writes the HTML to `file` and the JSON beside it, ending in .json; returns both. `faces` are as in `report_html`.

    Each appears as a whole or not at all, and the second right after the first. Raises EvaluationError when they cannot
    be written there, as where something else than an older report lies by now.
    """
    texts = report_html(results, faces), json.dumps(as_document(results), indent=2, ensure_ascii=False)
    page, data = report_files(file)
    done: list[Path] = []
    try:
        with ExitStack() as stack:
            ready = []
            for path, text in zip((page, data), texts, strict=True):
                target = Path(os.path.realpath(path))
                # Names of files that are no UTF-8 are lone surrogates in Python.
                content = text.encode("utf-8", "replace")
                ready.append((path, target, stack.enter_context(written_aside(target.parent, content))))
            for path, target, aside in ready:
                _put(aside, target)
                done.append(path)
    except OSError as error:
        raise EvaluationError(_failure(page, data, done, error.strerror or str(error))) from error
    return page, data


def _put(aside: Path, target: Path) -> None:
    """Raises FileExistsError where something else than a report of ours lies, and OSError."""
    try:
        put_new(aside, target)
    except FileExistsError:
        if target.is_symlink() or _foreign(target):
            raise
        os.chmod(aside, stat.S_IMODE(target.stat().st_mode))  # who may read a report was its owner's choice
        os.replace(aside, target)


def _failure(page: Path, data: Path, done: list[Path], why: str) -> str:
    if not done:
        return f"The report cannot be written to {page} ({why}): choose another file."
    return (
        f"The page {page} is written, but its figures are not ({why}), so that {data} is missing or holds older ones: "
        "write the report to another file."
    )
