"""Faces are buttons: the grid and the dialog by mouse and by keyboard, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from facecluster.gallery.gallery import Gallery
from tests.galleries import give

from .conftest import serve

pytestmark = pytest.mark.browser
expect.set_options(timeout=60_000)  # the charts' library is 4 MB, and other work may slow the machine


@pytest.fixture
def faces(page: Page, sample_app: str) -> Locator:
    """The faces of a cluster of twelve."""
    page.goto(f"{sample_app}/clusters?cluster=2")
    found = page.locator(".st-key-clusters_face .open")
    expect(found).to_have_count(12)
    return found


def focused(page: Page) -> str:
    """What a screen reader says of the face that has the focus."""
    script = """() => {
        let focused = document.activeElement;
        while (focused?.shadowRoot) focused = focused.shadowRoot.activeElement;
        return focused?.ariaLabel;
    }"""
    return str(page.evaluate(script))


def press(page: Page, drawn: Locator) -> None:
    """Clicks in the middle of something that a chart drew: Plotly lays a transparent layer over it."""
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def said(face: Locator) -> str:
    return str(face.get_attribute("aria-label"))


def test_faces_begin_near_the_top_and_are_not_stretched(page: Page, faces: Locator) -> None:
    box = faces.first.bounding_box()
    assert box is not None
    assert box["y"] < 200
    image = faces.first.locator("img")
    assert image.evaluate("image => image.naturalWidth / image.naturalHeight") == 1
    shape = image.evaluate("image => image.offsetWidth / image.offsetHeight")
    assert 0.6 < shape < 0.95, "a face is higher than wide; the stored crop is a square"


def test_a_face_opens_by_click_and_the_keys_go_through_the_faces(page: Page, faces: Locator) -> None:
    names = [said(faces.nth(number)) for number in range(3)]
    assert all(
        re.fullmatch(r"[A-Z]\w+ \w+, similarity 0\.\d\d, (doubtful, )?detection [01]\.\d\d", name) for name in names
    )
    faces.nth(1).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Face 2 of 12")).to_be_visible()
    expect(page).to_have_url(re.compile(r"cluster=2&face=\d+$"))
    first = page.url
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_text("Face 3 of 12")).to_be_visible()
    expect(page).to_have_url(re.compile(r"cluster=2&face=\d+$"))
    assert page.url != first
    page.keyboard.press("z")
    expect(dialog.get_by_role("button", name="Enlarge 4 times")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_text("Face 4 of 12")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile(r"cluster=2$"))
    page.goto(first)
    expect(dialog.get_by_role("heading", name="Face in its photo")).to_be_visible()


def test_looking_at_faces_is_one_step_for_back(page: Page, sample_app: str) -> None:
    page.goto(f"{sample_app}/clusters")
    page.locator(".st-key-clusters_cards a.open").nth(2).click()
    faces, dialog = page.locator(".st-key-clusters_face .open"), page.get_by_role("dialog")
    for leave in (page.go_back, lambda: page.keyboard.press("Escape")):
        faces.nth(0).click()
        expect(dialog.get_by_text("Face 1 of 12")).to_be_visible()
        for number in (2, 3):
            page.keyboard.press("ArrowRight")
            expect(dialog.get_by_text(f"Face {number} of 12")).to_be_visible()
        leave()
        expect(dialog).to_have_count(0)
        expect(page).to_have_url(re.compile(r"cluster=\d+$"))
        expect(faces).to_have_count(12)
    page.go_back()
    expect(page.get_by_role("heading", name="Clusters")).to_be_visible()


def test_the_keyboard_alone_moves_opens_and_selects(page: Page, faces: Locator) -> None:
    faces.first.focus()
    page.keyboard.press("ArrowRight")
    assert focused(page) == said(faces.nth(1))
    page.keyboard.press("End")
    assert focused(page) == said(faces.last)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    top = faces.first.bounding_box()
    below = page.locator(".st-key-clusters_face .open:focus").bounding_box()
    assert top is not None
    assert below is not None
    assert below["x"] == top["x"]
    assert below["y"] > top["y"]
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("Face 2 of 12")).to_be_visible()


def test_many_faces_are_selected_and_deleted(page: Page, faces: Locator) -> None:
    faces.nth(8).click(modifiers=["Control"])
    faces.nth(10).click(modifiers=["Shift"])
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("button", name="All 12 shown").click()
    expect(page.get_by_text("12 selected")).to_be_visible()
    page.get_by_role("button", name="None").click()
    faces.nth(11).click(modifiers=["Control"])
    faces.nth(10).click(modifiers=["Control"])
    page.get_by_role("button", name="Delete 2 faces…").click()
    page.get_by_text("I am sure").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_test_id("stToast")).to_contain_text("2 faces were deleted.")
    expect(faces).to_have_count(10)


def test_a_name_and_a_click_in_the_same_moment_are_both_kept(page: Page, sample_app: str) -> None:
    page.goto(f"{sample_app}/clusters?cluster=4")
    faces = page.locator(".st-key-clusters_face .open")
    expect(faces).to_have_count(12)
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("Somebody else")
    faces.last.click()
    expect(page.get_by_role("dialog").get_by_text("Face 12 of 12")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Somebody else")).to_be_visible()


def test_a_card_is_one_link_that_back_undoes(page: Page, sample_app: str) -> None:
    page.goto(f"{sample_app}/clusters")
    cards = page.locator(".st-key-clusters_cards a.open")
    expect(cards).to_have_count(12)
    cards.first.focus()
    page.keyboard.press("Tab")
    name = said(cards.nth(1)).split(",")[0]
    assert focused(page).startswith(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert re.search(r"/clusters\?gallery=~&cluster=\d+$", page.url)
    page.go_back()
    expect(cards).to_have_count(12)


def test_a_bar_and_a_cell_lead_to_the_faces_behind_them(page: Page, sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    face = int(gallery.clusterings.faces_of(0, limit=1)["face"].iloc[0])
    first, second = gallery.clusterings.table()["person"][:2]
    give(sample_home, [face], second)
    with serve(sample_home) as address:
        page.goto(f"{address}/accuracy")
        bar = page.locator(".st-key-accuracy_chart .point path")
        expect(bar).to_have_count(1)
        press(page, bar)
        expect(page).to_have_url(re.compile(r"accuracy\?gallery=~&person="))
        expect(page.get_by_role("button", name=re.compile(f"^{second}, in {first}"))).to_be_visible()
        cell = page.locator("[class*=st-key-accuracy_heatmap] .scatterlayer .point").first
        press(page, cell)
        expect(page).to_have_url(re.compile(r"clusters\?gallery=~&person=.*cluster=\d"))
        page.go_back()
        expect(page.get_by_role("heading", name="Accuracy")).to_be_visible()
        page.get_by_text("people are at 100").click()
        page.get_by_role("link", name=first, exact=True).first.click()
        expect(page.get_by_role("heading", name=first)).to_be_visible()
        assert len(page.context.pages) == 1, "a link in text opens here"
        page.go_back()
        expect(page.get_by_role("heading", name="Accuracy")).to_be_visible()
