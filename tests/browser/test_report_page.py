"""The report in a browser: it fits a phone, a window and a sheet, follows a dark theme, and asks for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from facecluster import Gallery
from facecluster.evaluation.results import EvaluationSettings
from facecluster.evaluation.subgroups import read_groups
from facecluster.presentation.report.page import report_html
from facecluster.workflows.evaluate import evaluate_gallery
from facecluster.workflows.report_faces import report_faces

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(sample_gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report of the sample people, with faces."""
    gallery = Gallery.open(sample_gallery)
    people = sorted(set(gallery.faces().persons))
    teams = "".join(f"{name},a team with a long name {number % 2}\n" for number, name in enumerate(people))
    settings = EvaluationSettings(parts=("held_out", "open_set", "comparison", "stability"), draws=3, bootstraps=2)
    groups = read_groups(f"person,team\n{teams}".encode(), people)
    results = evaluate_gallery(gallery, settings, groups=groups)
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(report_html(results, report_faces(results, gallery)), encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (760, "dark")])
def test_it_fits_and_asks_nobody_for_anything(browser: Browser, report: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    asked, told = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.goto(report)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    assert [url for url in asked if not url.startswith("data:")] == [report]
    assert told == []
    page.get_by_role("navigation").get_by_role("link", name="Strangers").click()
    assert page.evaluate("document.getElementById('strangers').getBoundingClientRect().top") < 450
    context.close()


def test_figures_on_bars_have_the_colour_that_stands_out_from_the_bar(browser: Browser, report: str) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(report)
    inks = page.eval_on_selector_all(
        ".plot text[fill]", "texts => texts.map(each => [each.getAttribute('fill'), getComputedStyle(each).fill])"
    )
    told = {"#fff": "rgb(255, 255, 255)", "#0f172a": "rgb(15, 23, 42)"}
    assert {told[given] for given, _ in inks} == set(told.values())
    assert all(told[given] == shown for given, shown in inks)
    page.close()


def test_a_sheet_of_a4_holds_its_width(browser: Browser, report: str) -> None:
    page = browser.new_page(viewport={"width": 673, "height": 1000})  # 178 mm, what the margins leave of A4
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(report)
    assert page.evaluate("document.documentElement.scrollWidth") <= 673
    # What is wider would make the browser print everything smaller.
    too_wide = "tables => tables.map(each => each.scrollWidth - each.clientWidth).filter(Boolean)"
    assert page.eval_on_selector_all(".scroll", too_wide) == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "paper is white"
    page.close()
