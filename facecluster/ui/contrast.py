"""What the theme alone cannot say."""

from __future__ import annotations

import streamlit as st

# Streamlit writes white on every primary button. A blue that is light enough for text on a dark ground is too light for
# that: no single colour has a contrast of 4.5 to 1 with both.
_DARK_WORDS = """<style>
[data-testid^="stBaseButton-primary"]:not(:disabled), [data-testid^="stBaseButton-primary"]:not(:disabled) p,
[data-testid^="stBaseButton-primary"]:not(:disabled) span { color: #0b1220; }
</style>"""


def darken_words_on_primary() -> None:
    """Dark words on the primary buttons of the dark theme."""
    if st.context.theme.type == "dark":
        st.html(_DARK_WORDS)
