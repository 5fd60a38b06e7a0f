"""The verify page: two photos, one person or two."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from facecluster.gallery.gallery import FILE_NAME
from facecluster.samples.sample_photos import draw_group, draw_portrait
from tests.apps import open_app, tiles

pytestmark = pytest.mark.usefixtures("fresh_caches")


def open_page() -> AppTest:
    return open_app("verify")


def drop(app: AppTest, first: Image.Image | bytes, second: Image.Image | bytes) -> AppTest:
    for number, (side, photo) in enumerate((("first", first), ("second", second))):
        app.file_uploader[number].upload(f"{side}.jpg", photo if isinstance(photo, bytes) else jpeg(photo))
    app.run()
    assert not app.exception
    return app


def jpeg(photo: Image.Image) -> bytes:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=92)
    return file.getvalue()


def answer(app: AppTest) -> str:
    assert len(app.header) == 1
    return app.header[0].value


def threshold(app: AppTest) -> float:
    text = next(each.value for each in app.markdown if "the threshold of" in each.value)
    return float(text.rsplit(" ", 1)[1])


def test_an_empty_gallery_says_what_to_do_next(gallery_home: Path) -> None:
    app = open_page()
    assert [info.value for info in app.info] == ["Add photos, or try the sample people, on the gallery page."]
    assert not app.file_uploader


def test_two_portraits_of_one_person_are_the_same_person(sample_home: Path) -> None:
    app = drop(open_page(), draw_portrait(1, 20), draw_portrait(1, 21))
    assert "The same person" in answer(app)
    captions = [each.value for each in app.caption]
    assert any("of different people would pass for the same person" in each for each in captions)
    assert any("of pairs of one person would not" in each for each in captions)
    assert any("12 people make 66 pairs of people" in each for each in captions)
    assert any("some groups apart less well" in each for each in captions)
    assert not any("clusters" in each for each in captions)


def test_without_people_the_rates_are_said_to_rest_on_clusters(sample_home: Path) -> None:
    with sqlite3.connect(sample_home / FILE_NAME) as database:
        database.execute("update photos set person = null")
        database.execute("update faces set person = null")
    app = drop(open_page(), draw_portrait(1, 20), draw_portrait(1, 21))
    assert any("rest on its clusters, not on people" in each.value for each in app.caption)
    (rates,) = [each.value for each in app.caption if each.value.startswith("In this gallery")]
    assert "different clusters" in rates
    assert "one cluster" in rates


def test_portraits_of_two_people_are_different_people(sample_home: Path) -> None:
    app = drop(open_page(), draw_portrait(0, 20), draw_portrait(5, 20))
    assert "Different people" in answer(app)


def test_a_stricter_rate_raises_the_threshold(sample_home: Path) -> None:
    app = drop(open_page(), draw_portrait(2, 20), draw_portrait(2, 21))
    app.segmented_control(key="verify_strictness").set_value("Very lenient").run()
    loose = threshold(app)
    app.segmented_control(key="verify_strictness").set_value("Balanced").run()
    assert threshold(app) > loose


def test_a_photo_without_a_face_and_a_file_that_is_none_are_told_apart(sample_home: Path) -> None:
    app = drop(open_page(), Image.new("RGB", (300, 300), "grey"), b"no photo")
    assert any("No face of 40 pixels" in info.value for info in app.info)
    assert len(app.error) == 1
    assert not app.header


def test_any_face_of_a_photo_can_be_chosen_and_outlives_a_change_of_page(sample_home: Path) -> None:
    app = drop(open_page(), draw_group([1, 5]), draw_portrait(1, 20))
    found = {}
    for place, tile in enumerate(tiles(app, "Faces of the first photo")):
        probe = next(iter(app.session_state["verify_first_shelf"])).probe
        app.session_state["verify_first_face"] = (probe, place)
        app.run()
        found[tile["name"]] = answer(app)
    assert {"The same person" in each for each in found.values()} == {True, False}
    app.switch_page("pages/identify.py").run()
    app.switch_page("pages/verify.py").run()
    assert answer(app) == found["Face 2"]
    app.button(key="verify_forget").click().run()
    assert not app.exception
    assert not app.header
    assert not tiles(app, "Faces of")
