"""Jobs in the background: one a gallery, with progress, cancel and a closing sentence."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from facecluster.background import Job, Jobs, Progress, Stage, duration
from facecluster.errors import GalleryBusyError, SourceError


def ended(job: Job) -> Job:
    assert job.wait(10)
    return job


def test_a_job_ends_with_the_sentence_of_its_work() -> None:
    job = ended(Jobs().start("gallery", "Adding photos", lambda job: "3 photos."))
    assert (job.state, job.message, job.is_running) == ("done", "3 photos.", False)


def test_a_second_job_of_a_gallery_is_refused_while_the_first_runs_and_not_after() -> None:
    jobs, go = Jobs(), threading.Event()
    first = jobs.start("gallery", "Adding photos", lambda job: str(go.wait(10)))
    with pytest.raises(GalleryBusyError, match="Adding photos is still under way"):
        jobs.start("gallery", "Grouping the faces", lambda job: "")
    other = ended(jobs.start("another gallery", "Adding photos", lambda job: ""))
    go.set()
    ended(first)
    second = ended(jobs.start("gallery", "Grouping the faces", lambda job: ""))
    assert jobs.latest("gallery") is second
    assert jobs.latest("another gallery") is other


def test_cancel_stops_the_work_at_its_next_report() -> None:
    begun, cancelled = threading.Event(), threading.Event()

    def work(job: Job) -> str:
        begun.set()
        cancelled.wait(10)
        job.report(Progress("Unpacking"))
        return "never said"

    job = Jobs().start("gallery", "Adding photos", work)
    begun.wait(10)
    job.cancel()
    cancelled.set()
    ended(job)
    assert job.state == "cancelled"
    assert "kept" in job.message


def test_what_cannot_be_cancelled_goes_on() -> None:
    def work(job: Job) -> str:
        job.cancel()
        job.report(Progress("Grouping the faces", can_cancel=False))
        return "17 clusters."

    assert ended(Jobs().start("gallery", "Grouping", work)).message == "17 clusters."


def test_an_error_of_ours_is_its_sentence() -> None:
    def work(job: Job) -> str:
        raise SourceError("The folder /x does not exist: check the path.")

    job = ended(Jobs().start("gallery", "Adding photos", work))
    assert (job.state, job.message) == ("failed", "The folder /x does not exist: check the path.")


def test_any_other_error_is_a_sentence_too_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def work(job: Job) -> str:
        raise ZeroDivisionError("secret detail")

    with caplog.at_level(logging.ERROR):
        job = ended(Jobs().start("gallery", "Adding photos", work))
    assert job.state == "failed"
    assert "Adding photos stopped" in job.message
    assert "secret detail" not in job.message
    assert "secret detail" in caplog.text


def test_a_running_job_cannot_be_dismissed_and_an_ended_one_can() -> None:
    jobs, go = Jobs(), threading.Event()
    job = jobs.start("gallery", "Adding photos", lambda job: str(go.wait(10)))
    jobs.dismiss("gallery")
    assert jobs.latest("gallery") is job
    go.set()
    ended(job)
    jobs.dismiss("gallery")
    assert jobs.latest("gallery") is None


def test_the_time_left_shrinks_while_nothing_new_is_told() -> None:
    ago = time.monotonic() - 30
    assert Progress("", 1, 10, seconds_left=40, told=ago).text == "1 of 10 photos · 10 s left"
    assert Progress("", 1, 10, seconds_left=20, told=ago).text == "1 of 10 photos · longer than it seemed"
    assert Progress("", 10, 10, seconds_left=0, told=ago).text == "10 of 10 photos"


def test_progress_reads_as_on_the_page() -> None:
    progress = Progress("", 412, 680, "photos", 46.2, 5.8)
    assert progress.text == "412 of 680 photos · 46 a second · 6 s left"
    assert progress.share == pytest.approx(412 / 680)
    assert Progress("Loading the models").text == "Loading the models"
    assert Progress("Loading the models").share == 0
    assert Progress("", 1, 9, rate=0.42).text == "1 of 9 photos · 0.4 a second"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.1, "1 s"), (6.4, "6 s"), (89, "89 s"), (90, "2 min"), (3540, "59 min"), (7500, "2 h 5 min")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_stage_counts_in_its_unit() -> None:
    told: list[Progress] = []
    stage = Stage("Downloading", told.append, "MB", 10**6)
    stage(50_000_000, 107_000_000)
    stage(60_000_000, None)
    assert [progress.text.split(" · ")[:2] for progress in told] == [
        ["Downloading"],
        ["Downloading", "50 of 107 MB"],
        ["Downloading"],
    ]
