"""The wall of people on the gallery page, by mouse and by keyboard, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.galleries import unlabelled_gallery

from .conftest import serve

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def nobody_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app with three clusters that nobody named."""
    with serve(unlabelled_gallery(tmp_path_factory.mktemp("nobody") / "home")) as address:
        yield address


def test_a_card_opens_the_faces_behind_it_and_back_returns(page: Page, sample_app: str) -> None:
    page.goto(sample_app)
    cards = page.locator(".st-key-gallery_wall a.open")
    expect(cards).to_have_count(12)
    box = cards.first.bounding_box()
    assert box is not None
    assert box["y"] < 250, "faces first"
    name = str(cards.nth(2).get_attribute("aria-label")).split(",")[0]
    cards.nth(2).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/clusters\?gallery=~&cluster=\d+$"))
    page.go_back()
    expect(cards).to_have_count(12)


def test_clusters_are_named_one_after_the_other_without_the_mouse(page: Page, nobody_app: str) -> None:
    page.goto(nobody_app)
    fields = page.get_by_role("textbox", name=re.compile("Name of Cluster"))
    expect(fields).to_have_count(3)
    fields.first.focus()
    for name in ("Ada", "Grace"):
        page.keyboard.type(name)
        page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="2 people").first).to_be_visible()
    expect(fields).to_have_count(1)
    expect(fields).to_be_focused()
    expect(page.get_by_role("link", name=re.compile("^Grace, "))).to_be_visible()


def test_enter_in_a_setting_starts_no_work(page: Page, nobody_app: str) -> None:
    page.goto(nobody_app)
    page.get_by_text("Details", exact=True).click()
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.fill("7")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1_500)
    expect(page.get_by_text(re.compile("3 clusters.*seed 0"))).to_be_visible()
    page.get_by_role("button", name="Cluster again").click()
    expect(page.get_by_text(re.compile("3 clusters.*seed 7"))).to_be_visible(timeout=60_000)
