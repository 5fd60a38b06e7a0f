"""Numbers in words, the same everywhere."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """`1 photo`, `1,200 photos`."""
    return f"{number:,} {what}{'s' * (number != 1)}"
