"""The identify page: who is on a dropped photo, and why."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from facecluster.gallery.gallery import Gallery
from facecluster.photos.formats import FORMAT_NAMES
from facecluster.photos.originals import read_original
from facecluster.samples.drawn.people import sample_person
from facecluster.samples.sample_photos import draw_group, draw_portrait, draw_stranger
from facecluster.vision.detection import FaceDetector
from facecluster.vision.embedding import FaceEmbedder
from facecluster.workflows.cluster import cluster_gallery
from tests.apps import open_app, tiles, words
from tests.galleries import make_gallery, take_name
from tests.people import draw_people

pytestmark = pytest.mark.usefixtures("fresh_caches")


def open_page() -> AppTest:
    return open_app("identify")


def drop(app: AppTest, **photos: Image.Image | bytes) -> AppTest:
    for name, photo in photos.items():
        content = photo
        if isinstance(photo, Image.Image):
            file = io.BytesIO()
            photo.save(file, "JPEG", quality=92)
            content = file.getvalue()
        assert isinstance(content, bytes)
        app.file_uploader[0].upload(f"{name}.jpg", content)
    app.run()
    assert not app.exception
    return app


def answers(app: AppTest) -> list[str]:
    """The names below the photos."""
    return [tile["name"] for tile in tiles(app, "Photos")]


def summary(app: AppTest) -> str:
    return next(each.value for each in app.markdown if "photo" in each.value and "face" in each.value)


def choose(app: AppTest, name: str) -> AppTest:
    """A click on the photo of that name."""
    number = next(tile["id"] for tile in tiles(app, "Photos") if tile["name"] == name)
    app.session_state["identify_photo"] = number
    app.run()
    assert not app.exception
    return app


def test_an_empty_gallery_says_what_to_do_next(gallery_home: Path) -> None:
    app = open_page()
    assert [info.value for info in app.info] == ["Add photos, or try the sample people, on the gallery page."]
    assert not app.file_uploader
    assert app.page_link


def test_nothing_is_asked_of_the_camera_until_it_is_wanted(sample_home: Path) -> None:
    app = open_page()
    assert not app.camera_input
    app.toggle(key="identify_camera_on").set_value(True).run()
    assert app.camera_input


def test_a_known_person_is_named_with_evidence(sample_home: Path) -> None:
    app = drop(open_page(), portrait=draw_portrait(2, 20))
    name = sample_person(2).name
    assert answers(app) == [name]
    assert summary(app) == "1 photo, 1 face"
    text = " ".join(each.value for each in app.markdown)
    assert "reaches the threshold of" in text
    assert f"Candidates: {name}" in text
    assert [heading.value for heading in app.header] == [name]
    evidence = tiles(app, "Most similar faces")
    assert [tile["name"] for tile in evidence] == [name] * 6
    assert all(words(tile)[0].startswith("similarity 0.") for tile in evidence)
    verdict, file = words(tiles(app, "Photos")[0])
    assert re.fullmatch(r"known, 0\.\d\d", verdict)
    assert file == "portrait.jpg"
    assert not any("copy of it" in each.value for each in app.caption)


def test_a_photo_that_the_gallery_holds_is_called_a_copy(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    face = gallery.faces.get(1)
    app = drop(open_page(), again=read_original(face.photo))
    assert answers(app) == [face.person]
    assert any("holds this photo or a copy of it" in each.value for each in app.caption)


def test_a_face_of_a_cluster_without_a_name_is_named_on_the_spot(sample_home: Path) -> None:
    take_name(sample_home, sample_person(2).name)
    app = drop(open_page(), portrait=draw_portrait(2, 20))
    assert answers(app)[0].endswith("not named")
    assert words(tiles(app, "Photos")[0])[0].startswith("no name yet, ")
    assert "No name yet 1" in app.pills(key="identify_kind").options
    app.text_input(key="identify_name_1_1").set_value("Beate Blau").run()
    assert not app.exception
    assert answers(app) == ["Beate Blau"]
    assert words(tiles(app, "Photos")[0])[0].startswith("known, ")


def test_a_stranger_is_unknown(sample_home: Path) -> None:
    app = drop(open_page(), stranger=draw_stranger(0))
    assert answers(app) == ["Unknown"]
    assert words(tiles(app, "Photos")[0])[0].startswith("nobody known, ")
    assert "below the threshold" in " ".join(each.value for each in app.markdown)
    assert [folded.label for folded in app.expander] == ["Faces in the gallery that look most like it"]


def test_a_group_photo_has_an_answer_for_every_face(sample_home: Path) -> None:
    app = drop(open_page(), group=draw_group([0, 1, 2, 28]))
    names = sorted(tile["name"].split(" ", 1)[1] for tile in tiles(app, "Faces on this photo"))
    assert names == sorted([sample_person(0).name, sample_person(1).name, sample_person(2).name, "Unknown"])
    assert all(name in answers(app)[0] for name in (sample_person(0).name, sample_person(2).name, "unknown"))


def test_no_photo_and_no_face_have_a_sentence_each(sample_home: Path) -> None:
    app = drop(open_page(), notes=b"plain text", sky=Image.new("RGB", (300, 200), "skyblue"))
    assert [error.value.replace("\\", "") for error in app.error] == [
        f"notes.jpg is not a photo in a format that can be read ({FORMAT_NAMES})."
    ]
    assert [words(tile) for tile in tiles(app, "Photos")] == [["could not be read"], ["no face"]]
    choose(app, "sky.jpg")
    assert any("No face of 40 pixels" in info.value for info in app.info)


def test_the_threshold_changes_answers_without_reading_photos_again(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = drop(open_page(), portrait=draw_portrait(2, 20))

    def refuse(*_: object) -> None:
        raise AssertionError("the photo was read again")

    monkeypatch.setattr(FaceDetector, "look_many", refuse)
    monkeypatch.setattr(FaceEmbedder, "embed", refuse)
    own = app.slider(key="identify_threshold").value
    app.slider(key="identify_threshold").set_value(1.0).run()
    assert not app.exception
    assert answers(app) == ["Unknown"]
    app.button(key="identify_reset").click().run()
    assert app.slider(key="identify_threshold").value == own
    assert answers(app) == [sample_person(2).name]


def test_fewer_strangers_with_a_name_is_a_higher_threshold_and_the_expectations_follow(sample_home: Path) -> None:
    app = open_page()
    thresholds, told = [], []
    for word in ("Lenient", "Balanced", "Very strict"):
        app.segmented_control(key="identify_strictness").set_value(word).run()
        assert not app.exception
        thresholds.append(float(app.slider(key="identify_threshold").value))  # type: ignore[arg-type]
        told.append(next(each.value for each in app.caption if each.value.startswith("Expected at")))
    assert thresholds[0] < thresholds[1] <= thresholds[2]
    assert [f"Expected at {each:.2f}:" in words for each, words in zip(thresholds, told, strict=True)] == [True] * 3


def test_twelve_people_cannot_show_one_stranger_in_a_hundred_and_the_page_says_so(sample_home: Path) -> None:
    app = open_page()
    captions = [each.value for each in app.caption]
    assert any("With 12 people, one stranger in 100 cannot be seen" in each for each in captions)
    assert any("of known people are missed" in each for each in captions)
    assert any("some groups apart less well" in each for each in captions)
    # Where many strangers may get a name, twelve people show it.
    app.slider(key="identify_threshold").set_value(0.2).run()
    assert not any("cannot be seen" in each.value for each in app.caption)


def test_without_people_the_page_speaks_of_clusters(gallery_home: Path) -> None:
    faces, _ = draw_people(6, 8)
    cluster_gallery(make_gallery(gallery_home, faces, np.full(len(faces), None)), 6)
    captions = [each.value for each in open_page().caption]
    assert any("With 6 clusters, one stranger in 100 cannot be seen" in each for each in captions)
    assert any("of the clusters' own faces are missed" in each for each in captions)
    assert not any("people" in each for each in captions)


def test_a_probe_becomes_no_part_of_the_gallery_and_of_no_other_session(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    before = gallery.counts(), gallery.revision
    drop(open_page(), portrait=draw_portrait(2, 20))
    assert (gallery.counts(), gallery.revision) == before
    other = open_page()
    assert not other.header
    assert not tiles(other, "Photos")
    assert len(other.session_state["identify_shelf"]) == 0


def test_photos_and_answers_outlive_a_change_of_page_until_they_are_forgotten(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = drop(open_page(), portrait=draw_portrait(2, 20), stranger=draw_stranger(0))
    before = answers(app)
    with monkeypatch.context() as refusing:
        refusing.setattr(FaceDetector, "look_many", lambda *_: pytest.fail("the photos were read again"))
        app.switch_page("pages/verify.py").run()
        app.switch_page("pages/identify.py").run()
        assert answers(app) == before == [sample_person(2).name, "Unknown"]
        drop(app, portrait=draw_portrait(2, 20))
    assert answers(app) == before, "the same file once more"
    app.button(key="identify_forget").click().run()
    assert not app.exception
    assert not tiles(app, "Photos")
    assert len(app.session_state["identify_shelf"]) == 0


def test_filters_count_photos_and_show_those_of_a_kind(sample_home: Path) -> None:
    sky = Image.new("RGB", (300, 200), "skyblue")
    app = drop(open_page(), portrait=draw_portrait(2, 20), stranger=draw_stranger(0), sky=sky)
    kinds = app.pills(key="identify_kind")
    assert kinds.options == ["All 3 photos", "Known 1", "Unknown 1", "Too close to tell 0", "No face 1"]
    kinds.set_value("no face").run()
    assert answers(app) == ["sky.jpg"]
    app.pills(key="identify_kind").set_value("close").run()
    assert answers(app) == []


def test_what_a_photo_lacks_and_what_it_was_read_at_is_said(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from facecluster.photos.images import Photo
    from facecluster.vision import faces

    def half(content: bytes) -> Photo:
        return Photo(np.zeros((300, 200, 3), np.uint8), 2.0, 400, 600, "It was read at 1/2.")

    monkeypatch.setattr(faces, "load_photo", half)
    app = drop(open_page(), dark=b"a large photo without a face")
    assert any("It was read at 1/2." in caption.value.replace("\\", "") for caption in app.caption)
    assert any(info.value.startswith("No face of 80 pixels or more was found.") for info in app.info)
