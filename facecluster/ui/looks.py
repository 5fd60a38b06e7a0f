"""What the theme alone cannot say."""

from __future__ import annotations

import streamlit as st

# Toasts would cover the menu of galleries; the hint of a field, "Press Enter to submit form", what is typed into it.
# Within a dialog Streamlit makes headings smaller than text.
_EVERYWHERE = """<style>
[data-testid="stToastContainer"] { top: auto; bottom: 1rem; }
[data-testid="InputInstructions"] { display: none; }
.st-key-gallery_state :is([data-testid="stPageLink"], [data-testid="stPopover"]) p {
  text-decoration: underline; text-underline-offset: 0.2em; text-decoration-thickness: 1px;
}
.st-key-gallery_state [data-testid="stPageLink"] a { padding-inline: 0; }
[role="dialog"] [data-testid="stHeading"] h3 { font-size: 1.25rem; }
</style>"""

# Streamlit writes white on every primary button. A blue that is light enough for text on a dark ground is too light for
# that: no single colour has a contrast of 4.5 to 1 with both.
_DARK_WORDS = """<style>
[data-testid^="stBaseButton-primary"]:not(:disabled), [data-testid^="stBaseButton-primary"]:not(:disabled) p,
[data-testid^="stBaseButton-primary"]:not(:disabled) span { color: #0b1220; }
</style>"""


def ink() -> str:
    """The colour of quiet words in drawings: a contrast of 4.5 to 1 at least with the theme's ground."""
    return "#9aa7b8" if st.context.theme.type == "dark" else "#5b6878"


def mend_looks() -> None:
    """Puts right what Streamlit offers no setting for."""
    st.html(_EVERYWHERE)
    if st.context.theme.type == "dark":
        st.html(_DARK_WORDS)
