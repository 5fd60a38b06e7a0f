"""Identification: the right person, unknown for a stranger, and the evidence for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from facecluster import Gallery, Identifier, Match, index_photos, load_image, open_photos
from facecluster.errors import IdentificationError
from facecluster.samples.sample_photos import draw_group, draw_portrait, draw_stranger, sample_people
from facecluster.workflows.cluster import cluster_gallery


@pytest.fixture(scope="module")
def identifier(sample_gallery: Path) -> Identifier:
    return Identifier.from_gallery(Gallery.open(sample_gallery))


def only(matches: list[Match]) -> Match:
    assert len(matches) == 1
    return matches[0]


def test_a_new_portrait_gets_its_person_with_reasons(identifier: Identifier) -> None:
    names = [person.name for person in sample_people(12)]
    for number in (0, 3, 7):
        match = only(identifier.identify(np.asarray(draw_portrait(number, 30))))
        assert match.person == names[number]
        assert match.is_known
        assert match.similarity == match.candidates[0].similarity >= match.threshold
        assert match.candidates[0].person == names[number]
        assert len({candidate.person for candidate in match.candidates}) == 3
        assert [each.similarity for each in match.candidates] == sorted(
            (each.similarity for each in match.candidates), reverse=True
        )
        assert len(match.neighbours) == 6
        assert sum(neighbour.person == names[number] for neighbour in match.neighbours) >= 4
        x1, y1, x2, y2 = match.box
        assert 0 < x2 - x1 < 480
        assert 0 < y2 - y1 < 480
        assert match.crop.shape == (160, 160, 3)


def test_a_stranger_is_unknown_but_candidates_are_shown(identifier: Identifier) -> None:
    match = only(identifier.identify(np.asarray(draw_stranger(0))))
    assert match.person is None
    assert not match.is_known
    assert match.similarity < match.threshold
    assert len(match.candidates) == 3


def test_the_threshold_decides(identifier: Identifier) -> None:
    portrait = np.asarray(draw_portrait(0, 30))
    similarity = only(identifier.identify(portrait)).similarity
    assert only(identifier.identify(portrait, threshold=similarity - 0.01)).is_known
    assert only(identifier.identify(portrait, threshold=similarity + 0.01)).person is None
    assert only(identifier.identify(np.asarray(draw_stranger(0)), threshold=-1)).person is not None


def test_a_stricter_fpir_raises_the_threshold(identifier: Identifier) -> None:
    assert identifier.threshold(0.001) > identifier.threshold(0.01) > identifier.threshold(0.1)


def test_everybody_on_a_group_photo_is_named(identifier: Identifier) -> None:
    names = {person.name for person in sample_people(12)[:3]}
    assert {match.person for match in identifier.identify(np.asarray(draw_group([0, 1, 2])))} == names


def test_no_face_is_an_empty_answer(identifier: Identifier) -> None:
    assert identifier.identify(np.full((200, 300, 3), 128, np.uint8)) == []


def test_clusters_stand_in_where_nobody_is_labelled(sample_photos: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for folder in sorted(sample_photos.iterdir())[:3]:
        for photo in sorted(folder.iterdir())[:6]:
            shutil.copy(photo, flat / f"{folder.name}-{photo.name}")
    gallery = Gallery.open(tmp_path / "gallery")
    index_photos(gallery, open_photos(flat))
    cluster_gallery(gallery, 3)
    probe = np.asarray(draw_portrait(0, 30))
    unnamed = only(Identifier.from_gallery(gallery).identify(probe, threshold=0))
    assert unnamed.is_known
    assert unnamed.person is None
    assert unnamed.candidates[0].cluster == unnamed.cluster
    gallery.clusterings.name(unnamed.cluster, "The first")
    assert only(Identifier.from_gallery(gallery).identify(probe, threshold=0)).person == "The first"


def test_a_gallery_without_clusters_says_what_to_do(gallery_home: Path) -> None:
    with pytest.raises(IdentificationError, match="no clusters yet: index photos"):
        Identifier.from_gallery(Gallery.open(gallery_home))


def test_held_out_real_photos_get_the_right_person(celebrities: Path, tmp_path: Path) -> None:
    """Ten photos of each of eight people against a gallery of their others; the strangers are the other nine."""
    people = sorted(path for path in celebrities.iterdir() if path.is_dir())
    probes: list[tuple[Path, str | None]] = []
    for person in people[:8]:
        photos = sorted(person.iterdir())
        probes += [(photo, person.name) for photo in photos[::4]]
        shutil.copytree(person, tmp_path / "p" / person.name)
        for photo in photos[::4]:
            (tmp_path / "p" / person.name / photo.name).unlink()
    probes += [(photo, None) for person in people[8:] for photo in sorted(person.iterdir())[::8]]
    gallery = Gallery.open(tmp_path / "gallery")
    index_photos(gallery, open_photos(tmp_path / "p"))
    cluster_gallery(gallery)
    identifier = Identifier.from_gallery(gallery)
    answers = [(identifier.identify(load_image(photo)), person) for photo, person in probes]
    known = [(faces[0], person) for faces, person in answers if faces and person]
    strangers = [faces[0] for faces, person in answers if faces and person is None]
    assert np.mean([match.candidates[0].person == person for match, person in known]) >= 0.98
    assert np.mean([match.person == person for match, person in known]) >= 0.9
    assert np.mean([match.is_known for match in strangers]) <= 0.1
