"""Deleting on the gallery page: what goes is said first, and the others are grouped anew."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from facecluster.errors import GalleryError
from facecluster.gallery.gallery import Gallery
from facecluster.records import NewPhoto
from tests.apps import open_details
from tests.ui.test_pages_gallery import open_app, wait_for_job

pytestmark = pytest.mark.usefixtures("fresh_caches")


def test_deleting_a_person_says_what_goes_and_groups_the_others_anew(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    person = gallery.photos.by_person()["person"].tolist()[0]
    app = open_details(open_app())
    app.selectbox(key="gallery_delete_person").set_value(person).run()
    app.button(key="gallery_delete_one").click().run()
    text = " ".join(each.value for each in app.markdown)
    assert "12 photos" in text
    assert "original photos stay" in text
    assert gallery.counts().people == 12, "nothing is deleted before the second click"


def test_the_others_are_grouped_anew_though_a_copy_of_the_deleted_person_stays(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = Gallery.open(sample_home)
    person = next(iter(gallery.photos.everybody()))
    copy = gallery.uploads / "0123456789ab" / "zip" / person / "1.jpg"
    gallery.copies.write(copy, [b"a copy"])
    app = open_details(open_app())
    app.selectbox(key="gallery_delete_person").set_value(person).run()
    app.button(key="gallery_delete_one").click().run()
    monkeypatch.setattr(os, "unlink", Mock(side_effect=PermissionError(13, "Permission denied", str(copy))))
    app.button(key="gallery_delete_one").click()  # a dialog stays open by itself in a browser only
    app.button(key="gallery_delete_sure").click().run()
    assert ["remove it yourself" in error.value for error in app.error] == [True]
    assert wait_for_job(sample_home).message == "132 faces are in 11 clusters."


def test_people_without_a_face_can_be_deleted_too(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    known = sorted(gallery.photos.by_person()["person"])
    left_out = [
        NewPhoto("1.jpg", "", 1, "unreadable", None, "Zoe"),
        NewPhoto("2.jpg", "", 1, "duplicate", None, "Zoe"),
        NewPhoto("3.jpg", "", 1, "no_face", None, known[0]),
    ]
    gallery.photos.add(gallery.sources.add("folder", "/photos", "photos"), left_out, "casia-webface")
    for person, photos in (("Zoe", "2 photos"), (known[0], "13 photos")):
        app = open_details(open_app())
        assert app.selectbox(key="gallery_delete_person").options == sorted([*known, "Zoe"])
        app.selectbox(key="gallery_delete_person").set_value(person).run()
        app.button(key="gallery_delete_one").click().run()
        assert photos in " ".join(each.value for each in app.markdown)
    assert gallery.delete_person("Zoe") == 2


def test_a_deletion_that_is_not_finished_is_told_until_it_is(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = Gallery.open(sample_home)
    copy = gallery.uploads / "0123456789ab" / "zip" / "Ada" / "1.jpg"
    gallery.copies.write(copy, [b"a copy"])
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", Mock(side_effect=PermissionError(13, "Permission denied", str(copy))))
        with pytest.raises(GalleryError):
            gallery.delete_all()
        app = open_app()
        assert ["not gone from this disk yet" in warning.value for warning in app.warning] == [True]
        app.button(key="gallery_delete_finish").click().run()
        assert any("remove it yourself" in error.value for error in app.error)
    app.button(key="gallery_delete_finish").click().run()
    assert not app.exception
    assert not app.warning
    assert not copy.exists()
