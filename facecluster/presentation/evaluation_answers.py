"""What an evaluation found, as answers to the questions that people ask, a sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from facecluster.evaluation.algorithm_comparison import best_without_number
from facecluster.evaluation.results import EvaluationResults, Part
from facecluster.presentation.text import interval, percent

Verdict = Literal["good", "doubtful", "bad", "neutral"]

QUESTIONS: dict[Part, str] = {
    "held_out": "Would it recognise people on new photos?",
    "open_set": "Would it name strangers?",
    "sweep": "How many people are there?",
    "comparison": "Which algorithm suits?",
    "stability": "Would the clusters come back?",
}

# Where a word changes; the figure stands beside it, so that anybody may draw the line elsewhere.
_GOOD, _FAIR = 0.97, 0.9


@dataclass(frozen=True)
class Answer:
    """A sentence, and whether it is good news; `text` is plain."""

    text: str
    verdict: Verdict = "neutral"


def answer(results: EvaluationResults, part: Part, people: int | None = None) -> Answer | None:
    """The answer to a part's question; None where it was not measured.

    `people` is how many are known by folder, where `results` do not tell.
    """
    if part in results.missing:
        return Answer(f"It could not be measured. {results.missing[part]}", "doubtful")
    if part == "sweep":
        return _number(results, len(results.people) if people is None else people)
    answers = {
        "held_out": _held_out,
        "open_set": _strangers,
        "comparison": _algorithm,
        "stability": _stability,
    }
    return answers[part](results)


def verdict_of(results: EvaluationResults) -> list[tuple[str, Answer]]:
    """Every question that was measured, with its answer."""
    found = ((question, answer(results, part)) for part, question in QUESTIONS.items() if part not in results.missing)
    return [(question, each) for question, each in found if each is not None]


def _held_out(results: EvaluationResults) -> Answer | None:
    found = results.held_out
    if found is None:
        return None
    word, verdict = _judged(found.top1, "Yes", "Mostly", "Often not")
    return Answer(
        f"{word}: {percent(found.top1)} of {found.faces:,} faces on photos that it had not seen were most like their "
        f"own person ({interval(*found.top1_interval)}), and {percent(found.named_right)} got that person's name.",
        verdict,
    )


def _strangers(results: EvaluationResults) -> Answer | None:
    found = results.open_set
    if found is None:
        return None
    word = "Rarely" if found.fpir <= 2 * found.target_fpir else "Sometimes" if found.fpir <= 0.1 else "Often"
    verdict: Verdict = "good" if word == "Rarely" else "doubtful" if word == "Sometimes" else "bad"
    return Answer(
        f"{word}: {percent(found.fpir)} of the faces of people held out got a name ({percent(found.target_fpir)} was "
        f"asked for), while {percent(found.fnir)} of known people's faces stayed unknown or got a wrong one.",
        verdict,
    )


def _number(results: EvaluationResults, people: int) -> Answer | None:
    found = results.suggestion
    if found is None:
        return None
    if not people:
        return Answer(f"{found.n_clusters:,}, by the faces alone; nobody is known by folder.")
    known = "1 is known by folder" if people == 1 else f"{people:,} are known by folder"
    is_near = abs(found.n_clusters - people) <= 1
    return Answer(f"{found.n_clusters:,}, by the faces alone; {known}.", "good" if is_near else "doubtful")


def _algorithm(results: EvaluationResults) -> Answer | None:
    table = results.comparison
    if table is None:
        return None
    best = best_without_number(table)
    if best is None:
        return Answer("Nobody is known, so none can be called the best; see how many clusters each makes.")
    return Answer(
        f"{best['title']} fits the known people best without being told their number (ARI {best['ari']:.3f})."
    )


def _stability(results: EvaluationResults) -> Answer | None:
    found = results.stability
    if found is None:
        return None
    word, verdict = _judged(min(found.seed_ari, found.bootstrap_ari), "Yes", "Mostly", "Hardly")
    return Answer(
        f"{word}: clusters made anew agree with each other by {found.seed_ari:.3f} with other seeds and by "
        f"{found.bootstrap_ari:.3f} on samples of the faces, where 1 is the same clusters and 0 is chance.",
        verdict,
    )


def _judged(share: float, *words: str) -> tuple[str, Verdict]:
    """One of three words, and whether it is good news."""
    verdicts: tuple[Verdict, ...] = ("good", "doubtful", "bad")
    place = 0 if share >= _GOOD else 1 if share >= _FAIR else 2
    return words[place], verdicts[place]
