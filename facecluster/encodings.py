"""Names in encodings from before Unicode, as old zips and disks hold them: the one that gives the likeliest text.

charset-normalizer is made for whole texts: of a handful of names it took `José` for Cyrillic and Chinese for Korean.
Names are short, but of one script, of frequent characters and of one way of using capitals, and that is looked at here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_WESTERN = "áàâäãåæçéèêëíìîïñóòôöõøœßúùûüýÿ"
_CENTRAL = _WESTERN + "ąćęłńśźżčďěňřšťůžăîşţșțőűđ"
# Single-byte encodings with their letters, in the order in which equal answers are taken: what zips hold that say
# nothing of it comes first (PKWARE APPNOTE 4.4.4 and D.1).
_LATIN = {"cp437": _WESTERN, "cp850": _WESTERN, "cp1252": _WESTERN, "cp852": _CENTRAL, "cp1250": _CENTRAL}
_CYRILLIC = ("cp866", "cp1251", "koi8-r")
# Double-byte encodings with the first bytes of the characters in daily use: kana and JIS X 0208 level 1, GB 2312 level
# 1, Big5 level 1, the syllables of KS X 1001. By far most characters of names are among these.
_FREQUENT = {
    "cp932": ((0x82, 0x83), (0x88, 0x97)),
    "gbk": ((0xB0, 0xD7),),
    "cp949": ((0xB0, 0xC8),),
    "big5": ((0xA4, 0xC6),),
}
_TRUST = {"cp932": 1.0, "gbk": 0.95, "cp949": 1.0, "big5": 0.9}
_FEW = 5  # syllables: so few may all lie among the Korean ones by chance, though they are Chinese
_WORD = re.compile(r"[^\W\d_]+")


def decoded(names: Sequence[bytes]) -> list[str]:
    """The names, all of which one program wrote, as text: UTF-8 where all are, else the likeliest older encoding."""
    try:
        return [name.decode() for name in names]
    except UnicodeDecodeError:
        pass
    text = b"\n".join(name for name in names if not name.isascii())
    candidates = [*_LATIN, *_FREQUENT, *_CYRILLIC]
    best = max(candidates, key=lambda encoding: _score(text, encoding))
    return [name.decode(best, "replace") for name in names]


def _score(raw: bytes, encoding: str) -> float:
    """How likely `raw` is in `encoding`, at most 1; -1 where it cannot be."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return -1.0
    letters = [letter for letter in text if letter > "\x7f"]
    if any(unicodedata.category(letter) in ("Cc", "Cn", "Co") for letter in letters):
        return -1.0
    if encoding in _FREQUENT:
        mixed = any(not word.isascii() and re.search("[A-Za-z]", word) for word in _WORD.findall(text))
        return _TRUST[encoding] * _frequent(letters, encoding) * (0.5 if mixed else 1.0)
    if encoding in _LATIN:
        return 0.9 * _latin(text, letters, _LATIN[encoding])
    return 0.9 * _cyrillic(text)


def _frequent(letters: Sequence[str], encoding: str) -> float:
    first = [letter.encode(encoding) for letter in letters]
    frequent = sum(
        len(code) == 2 and any(low <= code[0] <= high for low, high in _FREQUENT[encoding]) for code in first
    )
    share = frequent / len(first)
    return share * 0.9 if encoding == "cp949" and len(first) < _FEW else share


def _latin(text: str, letters: Sequence[str], usual: str) -> float:
    """Accents stand among plain letters; a word of nothing but accents is another script's."""
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    plain = sum(letter.isascii() for word in words for letter in word)
    share = sum(letter.lower() in usual for letter in letters) / len(letters)
    return share * _share_of_usual_case(words) * (1.0 if 2 * plain >= len(letters) else 0.3)


def _cyrillic(text: str) -> float:
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    if not words or not all(_is_cyrillic(word) for word in words):
        return 0.0
    return _share_of_usual_case(words) * sum(map(len, words)) / sum(letter > "\x7f" for letter in text)


def _is_cyrillic(word: str) -> bool:
    return all(unicodedata.name(letter, "").startswith("CYRILLIC") for letter in word)


def _share_of_usual_case(words: Sequence[str]) -> float:
    usual = sum(word.islower() or word.isupper() or word.istitle() or word[1:].islower() for word in words)
    return usual / len(words) if words else 0.0
