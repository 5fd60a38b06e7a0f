"""Text from outside, made safe to stand in Streamlit's Markdown."""

_MARKS = frozenset("\\`*_{}[]<>()#+-.!|~:$")


def escape(text: str) -> str:
    """`text` as it is, for captions, labels and headings: names and paths may hold what Markdown takes for markup."""
    return "".join(f"\\{mark}" if mark in _MARKS else mark for mark in text)
