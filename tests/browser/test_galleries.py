"""Several galleries in a real browser: sample people go into their own, and the open one is remembered."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from facecluster.gallery.gallery import Gallery

from .conftest import serve

pytestmark = pytest.mark.browser


def test_a_gallery_is_made_and_remembered_until_another_is_opened(page: Page, empty_app: str) -> None:
    page.goto(f"{empty_app}/verify")
    page.get_by_role("button", name="home").click()
    page.get_by_role("textbox", name="New gallery").fill("Summer 2026")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Summer 2026")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/verify\?gallery=summer-2026$"))
    page.wait_for_function("document.cookie.includes('summer-2026')")
    page = page.context.new_page()  # the first one loads itself again, which another visit would cut off
    page.goto(empty_app)
    expect(page.get_by_role("heading", name="Who is on these photos?")).to_be_visible()
    expect(page).to_have_title("Who is on these photos? · Summer 2026 · facecluster")
    page.get_by_role("button", name="Summer 2026").click()
    page.get_by_role("button", name="home").click()
    expect(page).to_have_title("Who is on these photos? · home · facecluster")
    page.wait_for_function("!document.cookie.includes('summer-2026')")
    page = page.context.new_page()
    page.goto(empty_app)
    expect(page).to_have_title("Who is on these photos? · home · facecluster")


def test_back_while_a_page_loads_shows_what_the_address_names(page: Page, sample_home: Path) -> None:
    _add_another(sample_home)
    with serve(sample_home) as address:
        page.add_init_script("""
          const send = WebSocket.prototype.send
          WebSocket.prototype.send = function (message) {  // Streamlit asked for the address that it found
            send.call(this, message)
            if (location.search === "?gallery=another") history.replaceState({}, "", "?gallery=~&cluster=3")
          }""")
        page.goto(f"{address}/clusters?gallery=another")
        expect(page).to_have_title(re.compile(" · home · facecluster$"))
        assert page.url == f"{address}/clusters?gallery=~&cluster=3"


def _add_another(home: Path) -> None:
    another = home / "galleries" / "another" / "gallery.db"
    another.parent.mkdir(parents=True)
    shutil.copyfile(home / "gallery.db", another)
    gallery = Gallery.open(another.parent)
    gallery.clusterings.name(3, "Only here")
    gallery.close()


def test_back_returns_to_the_gallery_whose_faces_were_open(page: Page, sample_home: Path) -> None:
    _add_another(sample_home)
    with serve(sample_home) as address:
        page.goto(address)
        page.locator(".st-key-gallery_wall a.open").first.click()
        expect(page).to_have_url(re.compile(r"/clusters\?gallery=~&cluster=\d+$"))
        expect(page).to_have_title(re.compile(" · home · facecluster$"))
        opened, title = page.url, page.title()
        page.get_by_role("button", name="home").click()
        page.get_by_role("button", name="another").click()
        expect(page).to_have_title("Clusters · another · facecluster")
        page.wait_for_function("document.cookie.includes('another')")
        page.wait_for_load_state()
        page.evaluate("history.back()")  # go_back() takes for a failure that the page loads itself again
        expect(page).to_have_url(opened)
        expect(page).to_have_title(title)
        page = page.context.new_page()  # the first one loads itself again, which another visit would cut off
        page.goto(f"{address}/clusters?gallery=another&cluster=3")
        expect(page.get_by_role("heading", name="Only here")).to_be_visible()
        page.wait_for_function("document.cookie.includes('another')")
        page.goto(f"{address}/clusters?gallery=elsewhere&cluster=3")
        expect(page.get_by_text("There is no such gallery any more: choose another one.")).to_be_visible()
        page.get_by_role("link", name="Open the gallery page").click()
        expect(page).to_have_title("Gallery · another · facecluster")
