"""What an analyst does, in a real browser: load, identify, browse, judge."""

from __future__ import annotations

import base64
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from facecluster.samples.sample_photos import draw_group, draw_portrait, draw_stranger, sample_people

pytestmark = pytest.mark.browser

NAMES = [person.name for person in sample_people(12)]


def open_page(page: Page, address: str, name: str = "") -> None:
    page.goto(f"{address}/{name}")
    expect(page.get_by_role("heading").first).to_be_visible()


def drop(page: Page, file: Path) -> None:
    """Drags a file from the desktop onto the drop area and lets it go."""
    content = base64.b64encode(file.read_bytes()).decode()
    carried = page.evaluate_handle(
        """([content, name, type]) => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const carried = new DataTransfer();
            carried.items.add(new File([bytes], name, {type}));
            return carried;
        }""",
        [content, file.name, "image/jpeg" if file.suffix == ".jpg" else "image/png"],
    )
    area = page.get_by_test_id("stFileUploaderDropzone")
    expect(area).to_be_visible()
    for event in ("dragenter", "dragover", "drop"):
        area.dispatch_event(event, {"dataTransfer": carried})


def test_from_the_first_click_to_the_accuracy_page(page: Page, empty_app: str) -> None:
    open_page(page, empty_app)
    expect(page.get_by_role("heading", name="Who is on these photos?")).to_be_visible()
    page.get_by_role("button", name="Load sample people").click()
    expect(page.get_by_role("list", name="Faces found last").get_by_role("button").first).to_be_visible(timeout=240_000)
    expect(page.get_by_role("list", name="People").get_by_role("link")).to_have_count(12, timeout=240_000)
    page.get_by_role("link", name="Accuracy").click()
    told = page.get_by_text(re.compile(r"\d+ of 14\d faces are in their person's cluster"))
    expect(told).to_be_visible()
    right, faces = map(int, re.findall(r"\d+", told.inner_text())[:2])
    assert right / faces >= 0.95
    for name in NAMES:
        expect(page.get_by_text(f"{name} (12)").first).to_be_visible()


def test_a_page_begins_near_the_top_and_its_tab_says_which_it_is(page: Page, sample_app: str) -> None:
    for name, title, width in (("", "Gallery", 390), ("clusters", "Clusters", 1280)):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{sample_app}/{name}")
        heading = page.get_by_role("heading", name=title, exact=True)
        expect(heading).to_be_visible()
        expect(page).to_have_title(f"{title} · home · facecluster")
        box = heading.bounding_box()
        assert box is not None
        assert box["y"] < 100
        gallery = page.get_by_role("button", name="home").bounding_box()
        assert gallery is not None
        assert gallery["y"] < box["y"] + box["height"], "beside the title, not in a row of its own"


def test_a_dropped_photo_gets_its_person(page: Page, sample_app: str, tmp_path: Path) -> None:
    draw_portrait(4, 33).save(tmp_path / "holiday.jpg", quality=95)
    open_page(page, sample_app, "identify")
    drop(page, tmp_path / "holiday.jpg")
    expect(page.get_by_role("heading", name=NAMES[4])).to_be_visible()
    expect(page.get_by_text(re.compile(r"similarity 0\.\d\d, reaches the threshold of 0\.\d\d"))).to_be_visible()
    expect(page.get_by_text("Candidates: " + NAMES[4])).to_be_visible()
    alike = page.get_by_role("list", name="Most similar faces in the gallery").get_by_role("button")
    expect(alike).to_have_count(6)
    expect(alike.first).to_have_accessible_name(re.compile(f"{NAMES[4]}, similarity 0"))


def test_a_stranger_is_unknown(page: Page, sample_app: str, tmp_path: Path) -> None:
    draw_stranger(2).save(tmp_path / "stranger.png")
    open_page(page, sample_app, "identify")
    drop(page, tmp_path / "stranger.png")
    expect(page.get_by_role("heading", name="Unknown")).to_be_visible()
    expect(page.get_by_text(re.compile(r"below the threshold of 0\.\d\d"))).to_be_visible()


def test_everybody_on_a_group_photo_is_named(page: Page, sample_app: str, tmp_path: Path) -> None:
    draw_group([0, 5, 9]).save(tmp_path / "group.png")
    open_page(page, sample_app, "identify")
    drop(page, tmp_path / "group.png")
    expect(page.get_by_text("1 photo, 3 faces")).to_be_visible()
    for person in (0, 5, 9):
        face = page.get_by_role("list", name="Faces on this photo").get_by_role("button", name=NAMES[person])
        face.click()
        expect(page.get_by_role("heading", name=NAMES[person])).to_be_visible()
    expect(page.get_by_alt_text("group.png with 3 numbered boxes")).to_be_visible()


def test_photos_stay_over_a_change_of_page_and_a_click_chooses_one(page: Page, sample_app: str, tmp_path: Path) -> None:
    draw_portrait(4, 33).save(tmp_path / "holiday.jpg", quality=95)
    draw_stranger(2).save(tmp_path / "stranger.png")
    open_page(page, sample_app, "identify")
    zone = page.get_by_test_id("stFileUploaderDropzoneInput")
    zone.set_input_files([tmp_path / "holiday.jpg", tmp_path / "stranger.png"])
    photos = page.get_by_role("list", name="Photos").get_by_role("button")
    expect(photos).to_have_count(2)
    expect(page.get_by_role("heading", name=NAMES[4])).to_be_visible()
    photos.last.click()
    expect(page.get_by_role("heading", name="Unknown")).to_be_visible()
    expect(photos.last).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="Verify").click()
    expect(page.get_by_role("heading", name="Verify", exact=True)).to_be_visible()
    page.get_by_role("link", name="Identify").click()
    expect(photos).to_have_count(2)
    page.get_by_role("button", name="Forget these photos").click()
    expect(photos).to_have_count(0)
    expect(page.get_by_text("Drop in one or several photos")).to_be_visible()


def test_text_renamed_to_jpg_is_told_apart_from_a_photo(page: Page, sample_app: str, tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("Dear analyst")
    open_page(page, sample_app, "identify")
    drop(page, tmp_path / "letter.jpg")
    expect(page.get_by_text(re.compile("letter.jpg is not a photo"))).to_be_visible()
    expect(page.get_by_text(re.compile("Traceback"))).to_have_count(0)


def test_where_it_is_not_sure_whose_photos_they_are_the_app_asks(page: Page, empty_app: str, tmp_path: Path) -> None:
    for number, album in enumerate(("Ann/lake", "Ann/opera", "Bob/oslo")):
        (tmp_path / "photos" / album).mkdir(parents=True)
        draw_portrait(int(album.startswith("Bob")), number).save(tmp_path / "photos" / album / "1.jpg", quality=95)
    (tmp_path / "photos" / "video.mp4").write_bytes(b"no photo")
    open_page(page, empty_app)
    page.get_by_role("textbox", name="Path on this machine").fill(str(tmp_path / "photos"))
    page.get_by_role("button", name="Add folder").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("3 people: lake, opera, oslo")
    expect(question).to_contain_text("2 people: Ann, Bob")
    question.get_by_text("The outermost folder").click()
    question.get_by_role("button", name="Add photos").click()
    expect(question).not_to_be_visible()
    expect(page.get_by_role("link", name="2 people").first).to_be_visible(timeout=240_000)
    expect(page.get_by_role("list", name="People").get_by_role("link")).to_have_count(2)
    page.get_by_text("Details", exact=True).click()
    expect(page.get_by_role("heading", name="Photos by person")).to_be_visible()
    expect(page.get_by_text("1 file or folder beside the photos is no photo")).to_be_visible()


def test_a_zip_whose_question_is_dismissed_is_not_added(page: Page, empty_app: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        archive.writestr("Ann/1.jpg", b"photo")
    open_page(page, empty_app)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "download.zip")
    question = page.get_by_role("dialog").filter(has_text="Which folder names the person?")
    expect(question).to_contain_text("1 person: Ann")
    question.get_by_role("button", name="Close").click()
    expect(page.get_by_text("download.zip")).not_to_be_visible()
    page.get_by_role("button", name="Settings").click()  # runs the page again
    expect(page.get_by_text("Choose which folder names the person").first).to_be_visible()
    expect(question).not_to_be_visible()
    expect(page.get_by_role("heading", name="Who is on these photos?")).to_be_visible()


def test_a_face_is_deleted_from_its_dialog(page: Page, sample_app: str) -> None:
    page.goto(f"{sample_app}/clusters?cluster=3")
    tiles = page.locator(".st-key-clusters_face .open")
    expect(tiles).to_have_count(12)
    tiles.last.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Delete…").click()
    delete = page.get_by_role("button", name="Delete", exact=True)
    expect(delete).to_be_disabled()
    page.get_by_text("I am sure").click()
    delete.click()
    expect(page.get_by_test_id("stToast")).to_contain_text("The face was deleted.")
    expect(dialog).to_have_count(0)
    expect(tiles).to_have_count(11)


@pytest.mark.parametrize("name", ["", "accuracy"])  # the one with pictures, and the one with charts
def test_no_page_sends_more_than_three_megabytes_on_first_view(browser: Browser, sample_app: str, name: str) -> None:
    page = browser.new_page()  # with an empty cache
    sent: list[float] = []
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    network.on("Network.webSocketFrameReceived", lambda event: sent.append(len(event["response"]["payloadData"])))
    page.goto(f"{sample_app}/{name}")
    expect(page.get_by_role("heading", name=name.capitalize() or "Gallery", exact=True)).to_be_visible()
    if name:
        expect(page.get_by_test_id("stPlotlyChart").first).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.close()
    assert 500_000 < sum(sent) < 3_000_000
