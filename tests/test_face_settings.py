"""The settings of indexing as a gallery stores them, in its own words and in those of older galleries."""

from __future__ import annotations

import pytest

from facecluster.face_settings import FaceSettings, settings_from


@pytest.mark.parametrize(
    ("settings", "stored"),
    [
        (FaceSettings(), "largest/40/0.9"),
        (FaceSettings("all", 20, 0.85), "all/20/0.85"),
        (FaceSettings("largest", 40, None), "largest/40"),
    ],
    ids=["the usual ones", "others", "from before there was a least score"],
)
def test_settings_are_stored_as_older_galleries_have_them(settings: FaceSettings, stored: str) -> None:
    assert str(settings) == stored
    assert settings_from(stored) == settings


@pytest.mark.parametrize("stored", ["", "all", "largest/many"])
def test_a_text_that_holds_no_settings_gives_none(stored: str) -> None:
    assert settings_from(stored) is None
