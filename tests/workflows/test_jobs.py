"""Jobs in the background: one a gallery, with progress, cancel and a closing sentence."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest

from facecluster.errors import GalleryBusyError, SourceError
from facecluster.workflows.jobs import Job, Jobs, Progress, Stage, duration


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


def test_what_waits_for_its_turn_follows_in_order_however_the_first_ends() -> None:
    jobs, go, order = Jobs(), threading.Event(), []

    def failing(job: Job) -> str:
        go.wait(10)
        raise SourceError("party.zip is no zip.")

    def adding(name: str) -> Callable[[Job], str]:
        return lambda job: order.append(name) or f"{name} is in."  # type: ignore[func-returns-value]

    first = jobs.start("gallery", "Adding photos", failing)
    followers = [
        jobs.start("gallery", "Adding photos", adding(name), subject=name, waits=True) for name in ("a", "b", "c")
    ]
    assert [job.subject for job in jobs.waiting("gallery")] == ["a", "b", "c"]
    jobs.withdraw("gallery", followers[1].number)
    go.set()
    ended(followers[2])
    assert order == ["a", "c"]
    assert jobs.latest("gallery") is followers[2]
    assert jobs.waiting("gallery") == []
    assert next(job.message for job in jobs.ended("gallery")) == "party.zip is no zip.", "a failure is not passed over"
    jobs.dismiss("gallery", first.number)
    assert first not in jobs.ended("gallery")


def test_a_job_that_is_started_as_another_ends_does_not_run_beside_the_one_that_waits() -> None:
    jobs, go = Jobs(), threading.Event()
    between: list[Job] = []
    order: list[str] = []
    follow = jobs._follow

    def follow_late(key: str, job: Job) -> None:
        if not between:  # the first job has ended, and nobody has followed it yet
            between.append(jobs.start("gallery", "Grouping the faces", lambda job: run("grouping", 0.3)))
        follow(key, job)

    def run(name: str, seconds: float) -> str:
        order.append(f"{name} begins")
        time.sleep(seconds)
        order.append(f"{name} ends")
        return ""

    jobs._follow = follow_late  # type: ignore[method-assign]
    jobs.start("gallery", "Adding photos", lambda job: str(go.wait(10)))
    waiting = jobs.start("gallery", "Adding photos", lambda job: run("adding", 0), waits=True)
    go.set()
    ended(waiting)
    assert order == ["grouping begins", "grouping ends", "adding begins", "adding ends"]


def test_a_follower_begins_when_the_first_is_cancelled() -> None:
    jobs, begun = Jobs(), threading.Event()

    def work(job: Job) -> str:
        begun.set()
        while True:
            job.report(Progress("Unpacking"))

    first = jobs.start("gallery", "Adding photos", work)
    follower = jobs.start("gallery", "Adding photos", lambda job: "2 photos.", waits=True)
    begun.wait(10)
    first.cancel()
    assert ended(follower).message == "2 photos."


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


def test_steps_that_take_unequally_long_tell_no_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Progress] = []
    monkeypatch.setattr("facecluster.workflows.jobs.time.monotonic", iter(range(0, 100, 10)).__next__)
    for are_alike in (True, False):
        stage = Stage("Evaluating", told.append, "steps", are_alike=are_alike)
        stage(1, 4)
    assert [progress.seconds_left is None for progress in told] == [True, False, True, True]
