"""The menu of galleries at the right of every page's title, and which gallery a browser comes back to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from facecluster.gallery.galleries import MAIN, create_gallery, list_galleries
from facecluster.ui.chosen import _cookie_name
from tests.apps import APP, gallery_name, open_app, state
from tests.galleries import unlabelled_gallery

pytestmark = pytest.mark.usefixtures("fresh_caches")


@pytest.fixture
def two_galleries(gallery_home: Path, sample_gallery: Path) -> Path:
    """A home whose main gallery holds 40 faces of nobody known, and another one, Drawn, the sample people."""
    unlabelled_gallery(gallery_home)
    key = create_gallery(gallery_home, "Drawn")
    shutil.copyfile(sample_gallery / "gallery.db", gallery_home / "galleries" / key / "gallery.db")
    return gallery_home


def open_menu(app: AppTest) -> AppTest:
    app.session_state["gallery_menu"] = True
    app.run()
    assert not app.exception
    return app


def listed(app: AppTest) -> dict[str, bool]:
    """The galleries of the menu, and whether each is the open one."""
    return {button.label: button.disabled for button in app.button if "gallery_menu_open_" in (button.key or "")}


def submit(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def test_another_gallery_is_opened_on_every_page(two_galleries: Path) -> None:
    app = open_menu(open_app("gallery"))
    assert listed(app) == {"home": True, "drawn": False}
    assert "40 faces" in state(app)
    app.query_params["cluster"] = "2"
    app.button(key="gallery_menu_open_drawn").click().run()
    assert state(app)[:3] == ["144 photos", "144 faces", "12 people"]
    assert app.query_params == {"gallery": "drawn"}, "what was open is the other gallery's"
    app.switch_page("pages/clusters.py").run()
    assert gallery_name(app).endswith("drawn")
    assert listed(open_menu(app)) == {"home": False, "drawn": True}


def test_galleries_are_made_and_renamed_and_a_bad_name_is_told(two_galleries: Path) -> None:
    app = open_menu(open_app("gallery"))
    for name, told in (
        ("", "Give the gallery a name."),
        ("DRAWN", "There is a gallery called DRAWN already: choose another name."),
    ):
        app.text_input(key="gallery_menu_new_name").set_value(name)
        submit(app, "Create")
        assert [error.value.replace("\\", "") for error in app.error] == [told]
    app.text_input(key="gallery_menu_new_name").set_value("Holidays")
    submit(app, "Create")
    assert gallery_name(app).endswith("Holidays")
    assert not state(app), "it is empty"
    open_menu(app).text_input(key="gallery_menu_name_holidays").set_value("Summer 2026")
    submit(app, "Rename")
    assert gallery_name(app).endswith("Summer 2026")
    assert [entry.name for entry in list_galleries(two_galleries)] == ["home", "drawn", "Summer 2026"]


@pytest.mark.parametrize(("cookie", "name"), [("drawn", "drawn"), ("..%2F..", "home"), ("absent", "home")])
def test_a_browser_comes_back_to_its_gallery_and_to_nothing_else(
    two_galleries: Path, monkeypatch: pytest.MonkeyPatch, cookie: str, name: str
) -> None:
    cookies = {_cookie_name(two_galleries): cookie}
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda context: cookies))
    app = AppTest.from_file(APP, default_timeout=120).run()
    assert gallery_name(app).endswith(name)


def test_a_gallery_that_was_removed_meanwhile_gives_way_to_the_main_one(two_galleries: Path) -> None:
    app = open_menu(open_app("gallery"))
    app.button(key="gallery_menu_open_drawn").click().run()
    shutil.rmtree(two_galleries / "galleries" / "drawn")
    app.run()
    assert not app.exception
    assert [error.value for error in app.error] == ["There is no such gallery any more: choose another one."]
    app.query_params.clear()  # as a click on a page in the navigation does
    app.run()
    assert gallery_name(app).endswith("home")
    assert [entry.key for entry in list_galleries(two_galleries)] == [MAIN]
