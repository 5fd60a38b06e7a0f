"""The evaluation as one page to keep or pass on: HTML that needs nothing else, for a window, a phone and A4.

A report names people and holds figures. Faces go into it only where somebody asks for them; no photo, no embedding and
no script ever does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from facecluster.presentation.evaluation_answers import QUESTIONS, verdict_of
from facecluster.presentation.report.document import GENERATOR
from facecluster.presentation.report.parts import note
from facecluster.presentation.report.sections import SECTION_OF, sections_of, summary_lines

if TYPE_CHECKING:
    from facecluster.evaluation.results import EvaluationResults
    from facecluster.presentation.report.faces import ShownFaces

# `report.files` knows a report by its first two elements. The policy keeps a page that was tampered with from asking
# anybody for anything.
_PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="generator" content="$generator">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
$style</style></head><body>
<header>$head</header>
<nav aria-label="Contents"><h2>Contents</h2><ol>$contents</ol></nav>
<main>
$body
</main>
</body></html>
""")
_STYLE = Path(__file__).with_suffix(".css")
_MARKS = {"good": "✓", "doubtful": "?", "bad": "✗", "neutral": "•"}


def report_html(results: EvaluationResults, faces: Mapping[str, Sequence[ShownFaces]] | None = None) -> str:
    """A page that works without a network and without scripts.

    It opens with the answers to the five questions; `faces` are those of `workflows.report_faces`, none by default.
    With faces and for thousands of people it stays below two megabytes: long tables are cut, and say so.
    """
    sections = sections_of(results, faces or {})
    contents = "".join(f'<li><a href="#{each.id}">{escape(each.title)}</a></li>' for each in sections)
    return _PAGE.substitute(
        generator=GENERATOR,
        title=escape(f"Evaluation of {results.gallery}"),
        style=_STYLE.read_text("utf-8"),
        head=_head(results, {each.id for each in sections}),
        contents=contents,
        body="\n".join(each.html for each in sections),
    )


def _head(results: EvaluationResults, sections: set[str]) -> str:
    """Title, answers, and what they rest on."""
    when = results.created.replace("T", " ").removesuffix("+00:00")
    title = (
        f'<h1>Evaluation of <bdi>{escape(results.gallery)}</bdi></h1><p class="when">Measured {escape(when)} UTC</p>'
    )
    part_of = {question: part for part, question in QUESTIONS.items()}
    answers = []
    for question, each in verdict_of(results):
        section = SECTION_OF[part_of[question]]
        more = f' <a href="#{section}">Figures</a>' if section in sections else ""
        answers.append(
            f'<div class="answer {each.verdict}"><span class="sign" aria-hidden="true">{_MARKS[each.verdict]}</span>'
            f"<dt>{escape(question)}</dt><dd>{escape(each.text)}{more}</dd></div>"
        )
    verdict = f"<dl>{''.join(answers)}</dl>" if answers else ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in summary_lines(results))
    missing = note(results.missing["scores"]) if "scores" in results.missing else ""
    return title + verdict + missing + lines
