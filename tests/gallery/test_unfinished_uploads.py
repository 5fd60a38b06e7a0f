"""An uploaded zip that was cut off goes on without a second upload, and leaves nothing behind once it is given up."""

from __future__ import annotations

from pathlib import Path

import pytest

from facecluster.errors import Cancelled, WeightsError
from facecluster.face_settings import FaceSettings
from facecluster.gallery.gallery import Gallery
from facecluster.source_records import UnfinishedSource
from facecluster.workflows.add_photos import Place, add_photos
from facecluster.workflows.jobs import Job, Progress
from facecluster.workflows.uploads import KeptZip, UploadedZip
from tests.fakes import write_photo
from tests.workflows.test_add_photos import Detector, Embedder, add, gallery, photos, zip_of

__all__ = ["gallery", "photos"]  # fixtures


class ImpatientJob(Job):
    """Somebody cancels once three photos are unpacked."""

    def report(self, progress: Progress) -> None:
        if progress.stage == "Unpacking" and progress.done == 3:
            self.cancel()
        super().report(progress)


def cut_off(gallery: Gallery, photos: Path, people_from: str = "auto") -> UnfinishedSource:
    """What the gallery keeps of a zip whose unpacking was cancelled."""
    with pytest.raises(Cancelled):
        add_photos(
            gallery,
            UploadedZip("party.zip", zip_of(photos)),
            ImpatientJob("Adding"),
            detector=Detector(),  # type: ignore[arg-type]
            embedder=Embedder(),  # type: ignore[arg-type]
            faces="all",
            people_from=people_from,
        )
    (source,) = gallery.sources.unfinished()
    return source


def test_a_zip_that_was_cancelled_goes_on_without_a_second_upload(gallery: Gallery, photos: Path) -> None:
    source = cut_off(gallery, photos, "first")
    assert (source.name, source.photos, source.done, source.people_from) == ("party", 6, 0, "first")
    assert gallery.sources.settings(source.id) == FaceSettings("all", 40, 0.9)
    add(gallery, KeptZip(Path(source.location)))
    assert (gallery.counts().photos, gallery.counts().people, gallery.sources.unfinished()) == (6, 2, [])
    assert not list(gallery.uploads.rglob("*.zip")), "a zip that is unpacked is not kept"


def test_a_zip_that_was_cancelled_may_be_dropped_again(gallery: Gallery, photos: Path) -> None:
    cut_off(gallery, photos)
    add(gallery, UploadedZip("party.zip", zip_of(photos)))
    assert (gallery.counts().photos, gallery.sources.unfinished()) == (6, [])
    assert not list(gallery.uploads.rglob("*.zip"))


def test_a_zip_whose_upload_is_dismissed_leaves_nothing_behind(gallery: Gallery, photos: Path) -> None:
    gallery.dismiss_unfinished(cut_off(gallery, photos).id)
    assert not gallery.uploads.exists()
    assert gallery.sources.unfinished() == []


def test_deleting_a_person_deletes_zips_that_may_hold_that_person(gallery: Gallery, photos: Path) -> None:
    add(gallery, Place(str(photos)))
    cut_off(gallery, photos)
    gallery.delete_person("Ada")
    assert not gallery.uploads.exists()
    assert gallery.sources.unfinished() == []


def test_deleting_everything_deletes_what_was_kept_of_a_zip(gallery: Gallery, photos: Path) -> None:
    cut_off(gallery, photos)
    gallery.delete_all()
    assert not gallery.uploads.exists()
    assert gallery.sources.unfinished() == []


def test_another_upload_does_not_cost_the_one_that_was_cut_off(gallery: Gallery, photos: Path, tmp_path: Path) -> None:
    source = cut_off(gallery, photos)
    write_photo(tmp_path / "others" / "Cyd" / "9.png", 9)
    add(gallery, UploadedZip("others.zip", zip_of(tmp_path / "others")))
    assert [each.id for each in gallery.sources.unfinished()] == [source.id]
    add(gallery, KeptZip(Path(source.location)))
    assert gallery.counts().photos == 7


def test_a_zip_whose_models_cannot_be_loaded_goes_on_once_they_can(gallery: Gallery, photos: Path) -> None:
    class Broken(Embedder):
        def load(self) -> None:
            raise WeightsError("There are no weights.")

    with pytest.raises(WeightsError):
        add_photos(
            gallery,
            UploadedZip("party.zip", zip_of(photos)),
            Job("Adding"),
            detector=Detector(),  # type: ignore[arg-type]
            embedder=Broken(),  # type: ignore[arg-type]
            people_from="none",
        )
    (source,) = gallery.sources.unfinished()
    assert (source.kind, source.name, source.photos) == ("folder", "party", 6)
    add(gallery, Place(source.location))
    counts = gallery.counts()
    assert (counts.photos, counts.people, gallery.sources.unfinished()) == (6, 0, []), "as was chosen: without names"
