"""Long work in threads that the process owns: one job per gallery at a time, with progress, cancel and a last word.

Nothing here knows what the work is; `add_photos.py` does the work that the app starts this way.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from facecluster.errors import Cancelled, FaceClusterError, GalleryBusyError

logger = logging.getLogger(__name__)

State = Literal["running", "done", "cancelled", "failed"]

_numbers = count(1)


@dataclass(frozen=True)
class Progress:
    """How far a stage of a job is.

    `stage` says what is done, in words, and is empty for the main one. `done` of `total` are counted in `unit`;
    `total` is None where nobody knows it. `rate` is in units a second and `seconds_left` in seconds, None while there
    is nothing to go by.
    """

    stage: str = ""
    done: int = 0
    total: int | None = None
    unit: str = "photos"
    rate: float | None = None
    seconds_left: float | None = None
    told: float = field(default_factory=time.monotonic, compare=False)  # when: what is left shrinks from then on

    @property
    def share(self) -> float:
        """Done in [0, 1]; 0 where the total is not known."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def text(self) -> str:
        """`412 of 680 photos · 46 a second · 6 s left`."""
        parts = [self.stage] if self.stage else []
        if self.total:
            parts.append(f"{self.done:,} of {self.total:,} {self.unit}")
        if self.rate:
            parts.append(f"{self.rate:.0f} a second" if self.rate >= 3 else f"{self.rate:.1f} a second")
        if self.seconds_left is not None and self.share < 1:
            left = self.seconds_left - (time.monotonic() - self.told)
            parts.append(f"{duration(left)} left" if left > 0 else "longer than it seemed")
        return " · ".join(parts)


def duration(seconds: float) -> str:
    """`6 s`, `4 min` or `2 h 5 min`."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class Stage:
    """Turns the `(done, total)` calls of one stage into Progress with a time left."""

    def __init__(
        self,
        name: str,
        report: Callable[[Progress], None],
        unit: str = "photos",
        size: int = 1,
        are_alike: bool = True,
    ) -> None:
        """`size` is how many of what is counted make one `unit`: 10**6 for bytes told in MB. Where the units are not
        `are_alike`, the first ones say nothing of how long the others take, and no time left is told."""
        self._are_alike = are_alike
        self._name, self._report, self._unit, self._size = name, report, unit, size
        self._start = time.monotonic()
        self(0, None)

    def __call__(self, done: int, total: int | None) -> None:
        passed = time.monotonic() - self._start
        is_known = self._are_alike and passed > 0.5
        left = passed / done * (total - done) if total and done and is_known else None
        whole = None if total is None else max(round(total / self._size), 1)
        self._report(Progress(self._name, round(done / self._size), whole, self._unit, None, left))


class Job:
    """One piece of long work. What pages read of it is replaced as a whole, so they need no lock."""

    def __init__(self, title: str, if_cancelled: str = "", subject: str = "") -> None:
        """`if_cancelled` is a sentence: what is left of the work when somebody stops it. `subject` is what it is about,
        as the name of a zip."""
        self.number = next(_numbers)
        self.title = title
        self.subject = subject
        self.if_cancelled = if_cancelled
        self.progress = Progress("Starting")
        self.state: State = "running"
        self.message = ""
        """The sentence it ended with."""
        self._stop = threading.Event()
        self._ended = threading.Event()

    @property
    def is_running(self) -> bool:
        return self.state == "running"

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked it to stop; it may take a moment until it does."""
        return self._stop.is_set()

    def cancel(self) -> None:
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it ended within `seconds`."""
        return self._ended.wait(seconds)

    def report(self, progress: Progress) -> None:
        """Called by the work; raises Cancelled once somebody asked it to stop."""
        self.progress = progress
        if self.is_cancelled:
            raise Cancelled("Cancelled: what was done until then is kept.")

    def run(self, work: Callable[[Job], str], then: Callable[[], None] = lambda: None) -> None:
        """Does the work, and `then` what follows once it has ended, in whatever way."""
        state: State = "failed"
        try:
            self.message, state = work(self), "done"
        except Cancelled as error:
            self.message, state = str(error), "cancelled"
        except FaceClusterError as error:
            self.message = str(error)
        except Exception as error:  # nothing above this thread would report it
            logger.exception("%s failed", self.title)
            self.message = (
                f"{self.title} stopped on an error that nobody foresaw ({type(error).__name__}): what was done until "
                "then is kept; the terminal that runs the app tells more."
            )
        finally:
            self.state = state
            then()
            self._ended.set()


Work = Callable[[Job], str]


class Jobs:
    """The jobs of a process, one at a time per key, and those that wait for their turn; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._waiting: dict[str, list[tuple[Job, Work]]] = {}
        self._ended: dict[str, list[Job]] = {}

    def start(
        self, key: str, title: str, work: Work, if_cancelled: str = "", subject: str = "", waits: bool = False
    ) -> Job:
        """Runs `work` in a thread of its own; it returns the closing sentence.

        While an earlier job of the same key runs, it `waits` for its turn, or else GalleryBusyError is raised.
        """
        job = Job(title, if_cancelled, subject)
        with self._lock:
            earlier = self._jobs.get(key)
            if earlier is not None and earlier.is_running:
                if not waits:
                    raise GalleryBusyError(f"{earlier.title} is still under way: wait until it is done, or cancel it.")
                self._waiting.setdefault(key, []).append((job, work))
                return job
            self._jobs[key] = job
        self._run(key, job, work)
        return job

    def latest(self, key: str) -> Job | None:
        """The job that runs, or the last one that did."""
        return self._jobs.get(key)

    def waiting(self, key: str) -> list[Job]:
        """The jobs whose turn comes next, in their order."""
        return [job for job, _ in self._waiting.get(key, [])]

    def ended(self, key: str) -> list[Job]:
        """The jobs that ended and were followed by another one, the oldest first, until they are dismissed."""
        return list(self._ended.get(key, []))

    def withdraw(self, key: str, number: int) -> None:
        """Forgets a job that waits for its turn."""
        with self._lock:
            self._waiting[key] = [each for each in self._waiting.get(key, []) if each[0].number != number]

    def dismiss(self, key: str, number: int | None = None) -> None:
        """Forgets a job that has ended: the latest one, or the one of this number."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and not job.is_running and number in (None, job.number):
                del self._jobs[key]
            self._ended[key] = [each for each in self._ended.get(key, []) if each.number != number]

    def _run(self, key: str, job: Job, work: Work) -> None:
        def run() -> None:
            job.run(work, lambda: self._follow(key, job))

        # A daemon, so that Ctrl+C ends the app; what an index has stored until then is kept.
        threading.Thread(target=run, name=f"job-{job.number}", daemon=True).start()

    def _follow(self, key: str, job: Job) -> None:
        """Starts the job whose turn comes after this one."""
        with self._lock:
            waiting = self._waiting.get(key, [])
            # One that was started in the very moment when this one ended goes first, and is followed in its turn.
            if not waiting or self._jobs.get(key) is not job:
                return
            follower, work = waiting.pop(0)
            failed = [each for each in self._ended.get(key, []) if each.state == "failed"]
            self._ended[key] = [*failed, job]
            self._jobs[key] = follower
        self._run(key, follower, work)
