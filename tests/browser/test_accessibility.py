"""Every page through an accessibility engine (axe-core): nothing beyond its minor faults, in light and in dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=90_000)

PAGES = (
    "",
    "identify",
    "verify",
    "clusters",
    "clusters?cluster=0",
    "clusters?face=5",
    "clusters?show=doubtful",
    "accuracy",
    "evaluation",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_more_than_minor_faults(browser: Browser, sample_app: str, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    faults = []
    for address in PAGES:
        page.goto(f"{sample_app}/{address}")
        expect(page.get_by_role("heading").first).to_be_visible()
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        expect(page.locator('[data-stale="true"]')).to_have_count(0)  # what waits for a run is pale
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        faults += [
            (address, fault["id"], fault["nodes"][0]["html"], fault["nodes"][0]["failureSummary"])
            for fault in found
            if fault["impact"] in ("moderate", "serious", "critical")
        ]
    context.close()
    assert not faults
