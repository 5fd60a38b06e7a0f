"""The evaluation as one page to keep or pass on: HTML that needs nothing else, for a window, a phone and A4.

A report names people and holds figures. Faces go into it only where somebody asks for them; no photo, no embedding and
no script ever does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from facecluster.presentation.evaluation_answers import QUESTIONS, verdict_of
from facecluster.presentation.report.blocks import Block, Note, Paragraph
from facecluster.presentation.report.document import GENERATOR
from facecluster.presentation.report.sections import SECTION_OF, sections_of, summary_lines

if TYPE_CHECKING:
    from facecluster.evaluation.results import EvaluationResults
    from facecluster.presentation.report.faces import ShownFaces

_TEMPLATES = Environment(
    loader=PackageLoader("facecluster.presentation.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_SIGNS = {"good": "✓", "fair": "?", "bad": "✗", "neutral": "•"}


@dataclass(frozen=True)
class Answer:
    """One of the five questions with its answer; `section` holds the figures behind it, empty where none does."""

    question: str
    text: str
    verdict: str
    sign: str
    section: str


def report_html(results: EvaluationResults, faces: Mapping[str, Sequence[ShownFaces]] | None = None) -> str:
    """A page that works without a network and without scripts.

    It opens with the answers to the five questions; `faces` are those of `workflows.report_faces`, none by default.
    With faces and for thousands of people it stays below two megabytes: long tables are cut, and say so.
    """
    sections = sections_of(results, faces or {})
    return _TEMPLATES.get_template("page.html").render(
        generator=GENERATOR,
        gallery=results.gallery,
        measured=results.created.replace("T", " ").removesuffix("+00:00"),
        answers=list(_answers(results, {each.id for each in sections})),
        summary=_summary(results),
        sections=sections,
    )


def _answers(results: EvaluationResults, sections: set[str]) -> Iterator[Answer]:
    part_of = {question: part for part, question in QUESTIONS.items()}
    for question, each in verdict_of(results):
        section = SECTION_OF[part_of[question]]
        yield Answer(question, each.text, each.verdict, _SIGNS[each.verdict], section if section in sections else "")


def _summary(results: EvaluationResults) -> list[Block]:
    """What the answers rest on."""
    missing = [Note(results.missing["scores"])] if "scores" in results.missing else []
    return [*missing, *map(Paragraph, summary_lines(results))]
