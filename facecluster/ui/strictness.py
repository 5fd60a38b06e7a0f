"""How strict to be: a word to choose, what it means in a sentence, and the figures for those who ask why."""

from __future__ import annotations

import math

import streamlit as st

from facecluster.presentation.strictness import DEFAULT, IDENTIFY, KNOWN, UNEVEN_NAMES, VERIFY, identify_meaning
from facecluster.presentation.text import percent
from facecluster.recognition.identification import Identifier
from facecluster.ui import resources


def identify_threshold(identifier: Identifier, *, folded: bool) -> float:
    """Asks how strict to be and returns the threshold; `folded` tells that a popover is open around it already."""
    word = _word("identify_strictness", IDENTIFY)
    fpir = IDENTIFY[word]
    exact = identifier.threshold(fpir)
    own = min(max(round(exact, 2), 0.0), 1.0)
    if st.session_state.get("identify_own") != own:
        st.session_state["identify_own"] = st.session_state["identify_threshold"] = own
    row = st.container(horizontal=True, wrap=False, gap="small")
    sentence = row.container(width="stretch")
    with st.container() if folded else row.popover("Why?", type="tertiary", key="identify_why"):
        value = _figures(own, word)
        threshold = exact if value == own else value
        _expected(identifier, threshold, value, fpir if threshold == exact else None)
        resources.min_score_slider()
    tuned = "" if value == own else f"Fine-tuned to {value:.2f}. "
    sentence.caption(tuned + identify_meaning(identifier.matcher, threshold))
    return threshold


def ask_false_match_rate() -> float:
    """Asks how strict to be with two faces and returns the false match rate; its figures follow the answer."""
    return VERIFY[_word("verify_strictness", VERIFY)]


def _word(key: str, words: dict[str, float]) -> str:
    chosen = st.segmented_control(
        "Strictness",
        list(words),
        default=DEFAULT,
        required=True,
        key=key,
        persist_state="session",
        label_visibility="collapsed",
    )
    return chosen if chosen in words else DEFAULT


def _figures(own: float, word: str) -> float:
    def reset() -> None:
        st.session_state["identify_threshold"] = own

    value = st.slider(
        "Fine tuning: threshold",
        0.0,
        1.0,
        step=0.01,
        key="identify_threshold",
        persist_state="session",
        help="A face counts as known from this similarity on. Higher: fewer strangers get a name, more known people "
        "are missed. The photos are not read again when you move it.",
    )
    st.button(
        f"Back to {own:.2f}, this gallery's own for “{word.lower()}”",
        key="identify_reset",
        icon=":material/restart_alt:",
        type="tertiary",
        on_click=reset,
        disabled=value == own,
    )
    return float(value)


def _expected(identifier: Identifier, threshold: float, shown: float, fpir: float | None) -> None:
    """The rates to expect, and what to know before believing them; `fpir` is the one that was asked for."""
    matcher = identifier.matcher
    named, missed = matcher.expected_fpir(threshold), matcher.expected_fnir(threshold)
    told = f"Expected at {shown:.2f}: {percent(named)} of strangers get a name (FPIR)"
    whose = KNOWN[matcher.identity]
    st.caption(f"{told}." if math.isnan(missed) else f"{told}, {percent(missed)} of {whose} are missed (FNIR).")
    st.caption(
        "Expected from this gallery alone, leaving out one face at a time. Evaluation measures on photos kept aside, "
        "so its figures differ."
    )
    caveat = matcher.caveat(named if fpir is None else fpir)
    for sentence in filter(None, (caveat, UNEVEN_NAMES)):
        st.caption(f":material/info: {sentence}")
