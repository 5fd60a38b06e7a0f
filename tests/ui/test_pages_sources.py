"""The gallery page on real collections: the question whose photos they are, what was cut off, gone and left out."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from facecluster.gallery.gallery import Gallery
from facecluster.samples.sample_photos import draw_portrait
from tests.apps import open_app, open_details, state
from tests.photos.test_zip_photos import changed_headers
from tests.ui.test_pages_gallery import captions, wait_for_job

pytestmark = pytest.mark.usefixtures("fresh_caches")

METHOD = 8


def add_folder(app: AppTest, folder: Path) -> AppTest:
    app.session_state["gallery_add"] = True  # the section that is folded in a gallery with photos
    app.run()
    app.text_input(key="gallery_folder").set_value(str(folder))
    submit(app).click().run()
    assert not app.exception
    return app


def submit(app: AppTest) -> Button:
    return next(button for button in app.button if button.label == "Add folder")


def answer(app: AppTest, choice: str | None = None, is_folder: bool = True) -> None:
    if is_folder:
        submit(app).click()  # a dialog stays open by itself in a browser only
    if choice:
        app.radio(key="gallery_names_choice").set_value(choice)
    app.button(key="gallery_names_add").click().run()
    assert not app.exception


def people(home: Path) -> list[str]:
    return sorted(Gallery.open(home).photos.everybody())


def test_where_it_is_not_sure_the_app_asks_before_it_adds(gallery_home: Path, albums: Path) -> None:
    app = add_folder(open_app("gallery"), albums)
    question = app.radio(key="gallery_names_choice")
    assert question.value == "last"
    assert question.options == [
        "The folder that holds the photo",
        "The outermost folder",
        "No folder: the photos have no names",
    ]
    assert Gallery.open(gallery_home).counts().photos == 0, "nothing is added before the answer"
    answer(app, "first")
    assert wait_for_job(gallery_home).state == "done"
    assert people(gallery_home) == ["ann", "bob"]
    app.run()
    assert "2 people" in state(app)
    add_folder(app, albums)
    assert not app.radio, "what was chosen is used again"
    assert wait_for_job(gallery_home).message.startswith("4 photos, 0 new faces")
    assert people(gallery_home) == ["ann", "bob"]


def test_a_sure_layout_is_not_asked_for_unless_one_wants_to_choose(gallery_home: Path, albums: Path) -> None:
    for album in sorted(albums.glob("*/*1")) + sorted(albums.glob("*/*0")):
        album.rename(album.with_name("2019" if "oslo" in album.name else "2020"))
    app = add_folder(open_app("gallery"), albums)
    assert not app.radio
    assert wait_for_job(gallery_home).state == "done"
    assert people(gallery_home) == ["ann", "bob"]
    app.session_state["gallery_add"] = True
    app.run()
    app.toggle(key="gallery_ask_names").set_value(True).run()
    add_folder(app, albums)
    assert app.radio(key="gallery_names_choice").options[0] == "The outermost folder"
    answer(app, "last")
    assert wait_for_job(gallery_home).state == "done"
    assert people(gallery_home) == ["2019", "2020"]


def zip_of(place: Path, folder: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(place, "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, prefix + path.relative_to(folder).as_posix())
    return place


def test_one_folder_around_a_whole_zip_is_asked_for(gallery_home: Path, albums: Path, tmp_path: Path) -> None:
    for number, photo in enumerate(sorted(albums.rglob("*.jpg"))):
        photo.rename(albums / f"{number}.jpg")
    file = zip_of(tmp_path / "download.zip", albums, "Ann/")
    app = open_app("gallery")
    app.file_uploader[0].upload("download.zip", file.read_bytes()).run()
    assert app.radio(key="gallery_names_choice").value == "none"
    answer(app, "last", is_folder=False)
    assert wait_for_job(gallery_home).state == "done"
    assert people(gallery_home) == ["Ann"]
    app.run()
    assert not app.radio, "the drop area is empty again"


def test_one_bad_photo_in_a_zip_is_told_and_the_others_are_added(
    gallery_home: Path, albums: Path, tmp_path: Path
) -> None:
    names = ["Ann/1.jpg", "Ann/12:30.jpg", "Ann/12_30.jpg", f"Bob/{'x' * 300}.jpg", "Bob/bad.jpg"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, name in enumerate(names):
            picture = io.BytesIO()
            draw_portrait(number, 0).save(picture, "JPEG")
            archive.writestr(name, picture.getvalue())
        archive.writestr("Bob/v.mp4", b"x")
    content = bytearray(packed.getvalue())
    bad = zipfile.ZipFile(packed).getinfo("Bob/bad.jpg")
    (tmp_path / "bad.zip").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "bad.zip") as archive:
        directory = archive.start_dir
    at = content.find(b"Bob/bad.jpg", directory) - 46
    for place in (bad.header_offset + METHOD, at + METHOD + 2):
        content[place : place + 2] = (9).to_bytes(2, "little")
    app = open_app("gallery")
    app.file_uploader[0].upload("people.zip", bytes(content)).run()
    job = wait_for_job(gallery_home)
    assert (job.state, job.message[:27]) == ("done", "5 photos, 4 new faces (1 un")
    reasons = open_details(app).dataframe[0].value
    assert reasons["photo"].tolist() == ["Bob/bad.jpg"]
    assert "bad.jpg cannot be read: it is packed as Deflate64" in reasons["reason"].tolist()[0]
    kinds = app.dataframe[1].value
    assert kinds[["kind", "files"]].to_numpy().tolist() == [["videos", 1]]
    assert people(gallery_home) == ["Ann", "Bob"]


def test_a_zip_of_which_nothing_can_be_unpacked_is_refused_in_a_sentence(
    gallery_home: Path, albums: Path, tmp_path: Path
) -> None:
    file = changed_headers(zip_of(tmp_path / "a.zip", albums / "ann"), METHOD, 9)
    app = open_app("gallery")
    app.file_uploader[0].upload("a.zip", file.read_bytes()).run()
    if app.radio:
        answer(app, is_folder=False)
    job = wait_for_job(gallery_home)
    assert job.state == "failed"
    assert job.message.startswith("No photo in a.zip can be unpacked. The first one is ")
    assert Gallery.open(gallery_home).counts().photos == 0


def test_photos_that_are_gone_can_be_removed_after_a_question(gallery_home: Path, albums: Path) -> None:
    app = add_folder(open_app("gallery"), albums)
    answer(app, "first")
    wait_for_job(gallery_home)
    (albums / "bob" / "oslo1" / "1.jpg").unlink()
    add_folder(app.run(), albums)
    assert "1 no longer there" in wait_for_job(gallery_home).message
    app.run()
    assert any("1 of 4 photos are no longer in" in warning.value.replace("\\", "") for warning in app.warning)
    app.button(key="gallery_remove_missing").click().run()
    assert Gallery.open(gallery_home).counts().photos == 4
    app.button(key="gallery_remove_missing").click()  # a dialog stays open by itself in a browser only
    app.button(key="gallery_remove_sure").click().run()
    assert not app.exception
    assert Gallery.open(gallery_home).counts().photos == 3
    app.run()
    assert not app.warning


def test_photos_that_came_back_meanwhile_are_not_removed(gallery_home: Path, albums: Path) -> None:
    app = add_folder(open_app("gallery"), albums)
    answer(app, "first")
    wait_for_job(gallery_home)
    albums.joinpath("bob").rename(albums / "away")
    albums.joinpath("away").rename(albums.parent / "away")
    add_folder(app.run(), albums)
    wait_for_job(gallery_home)
    app.run()
    albums.parent.joinpath("away").rename(albums / "bob")
    app.button(key="gallery_remove_missing").click().run()
    assert any("All of them lie at their places again" in text.value for text in app.markdown)
    assert not [button for button in app.button if button.key == "gallery_remove_sure"]
    assert Gallery.open(gallery_home).counts().photos == 4


def test_what_was_cut_off_goes_on_with_a_click(gallery_home: Path, albums: Path) -> None:
    gallery = Gallery.open(gallery_home)
    for number, place in enumerate((albums, albums / "gone")):
        gallery.sources.begin("folder", str(place), place.name, 680 + number, "first")
    app = open_app("gallery")
    told = [warning.value.replace("\\", "") for warning in app.warning]
    assert told[0] == "0 of 680 photos of photos are in the gallery."
    assert "The place is not there any more" in told[1]
    first, second = gallery.sources.unfinished()
    assert f"gallery_go_on_{second.id}" not in [button.key for button in app.button]
    app.button(key=f"gallery_dismiss_{second.id}").click().run()
    assert len(app.warning) == 1
    app.button(key=f"gallery_go_on_{first.id}").click().run()
    assert wait_for_job(gallery_home).state == "done"
    assert people(gallery_home) == ["ann", "bob"], "named as it was begun"
    app.run()
    assert not app.warning
    assert "1 file or folder beside the photos is no photo" in captions(open_details(app))
