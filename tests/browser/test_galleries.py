"""Several galleries in a real browser: sample people go into their own, and the open one is remembered."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_gallery_is_made_and_remembered_until_another_is_opened(page: Page, empty_app: str) -> None:
    page.goto(f"{empty_app}/verify")
    page.get_by_role("button", name="home").click()
    page.get_by_role("textbox", name="New gallery").fill("Summer 2026")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Summer 2026")).to_be_visible()
    expect(page).to_have_url(re.compile("/verify$"))
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
