"""Who faces are taken for where only some of them have a name: by folder, by hand, or by a cluster without one."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facecluster import Gallery, Identifier
from facecluster.clustering.face_clusterer import FaceClusterer
from facecluster.recognition.identification import Match
from facecluster.recognition.scoring import FaceMatcher
from facecluster.records import Clustering
from facecluster.vision.detection import Detection
from facecluster.workflows.verify import gallery_pairs
from tests.apps import open_app, tiles
from tests.galleries import make_gallery
from tests.people import draw_people, unit

PEOPLE, FACES = 8, 8
EVERYBODY, NAMES = draw_people(PEOPLE, FACES + 2, scatter=0.8)
WHO = np.repeat(np.arange(PEOPLE), FACES + 2)
IS_PROBE = np.tile(np.arange(FACES + 2) >= FACES, PEOPLE)
GALLERY, OF = EVERYBODY[~IS_PROBE], WHO[~IS_PROBE]
STRANGERS = draw_people(6, 1, scatter=0.8, seed=9)[0]


def some_named(folder: Path, named: int, embeddings: np.ndarray = GALLERY, of: np.ndarray = OF) -> Gallery:
    """A gallery whose clusters are the people, of whom the first so many have a folder."""
    persons = np.array([f"person {who:02d}" if who < named else None for who in of], object)
    gallery = make_gallery(folder, embeddings, persons)
    cluster_by(gallery, of)
    return gallery


def cluster_by(gallery: Gallery, labels: np.ndarray) -> None:
    faces = gallery.faces()
    numbers, dense = np.unique(labels, return_inverse=True)
    model = FaceClusterer(len(numbers), random_state=0).fit(faces.embeddings)
    centers = np.stack([faces.embeddings[dense == place].mean(axis=0) for place in range(len(numbers))])
    gallery.clusterings.save(
        Clustering(
            "kmeans",
            {"n_clusters": len(numbers)},
            0,
            "casia-webface",
            {},
            model.inertia_,
            0.0,
            faces=faces.ids,
            labels=dense.astype(np.int32),
            similarity=np.ones(len(faces), np.float32),
            centers=centers.astype(np.float32),
        )
    )


def ask(gallery: Gallery, faces: np.ndarray) -> list[Match]:
    identifier = Identifier(gallery.faces(), gallery.clusterings.current())  # type: ignore[arg-type]
    box = Detection(np.array([0, 0, 50, 50], np.float32), np.zeros((5, 2), np.float32), 0.99)
    crops = np.zeros((len(faces), 160, 160, 3), np.uint8)
    return identifier.identify_faces([box] * len(faces), crops, np.asarray(faces, np.float32))


def probes(*people: int) -> np.ndarray:
    return EVERYBODY[IS_PROBE & np.isin(WHO, people)]


def answered(gallery: Gallery, faces: np.ndarray) -> list[tuple[bool, str | None]]:
    return [(match.is_known, match.person) for match in ask(gallery, faces)]


def test_names_given_by_hand_stay_people_beside_labelled_ones(tmp_path: Path) -> None:
    gallery = some_named(tmp_path / "g", 0)
    for cluster in range(2, PEOPLE):
        gallery.clusterings.name(cluster, f"by hand {cluster}")
    before = answered(gallery, probes(5))
    assert before == [(True, "by hand 5")] * 2
    more = draw_people(1, FACES, scatter=0.8, seed=4)[0]
    make_gallery(tmp_path / "g", more, np.full(FACES, "Zoe", object), prefix="more")
    assert answered(gallery, probes(5)) == before
    assert answered(gallery, more[:1]) == [(True, "Zoe")]
    assert {match.is_known for match in ask(gallery, STRANGERS)} == {False}
    counts = gallery.counts()
    assert (counts.people, counts.people_by_folder, counts.faces_by_folder, counts.faces_by_hand) == (7, 1, 8, 48)


def test_a_cluster_without_a_name_is_known_beside_labelled_people_and_a_stranger_is_not(tmp_path: Path) -> None:
    gallery = some_named(tmp_path / "g", 2)
    for who in range(PEOPLE):
        for match in ask(gallery, probes(who)):
            assert match.is_known
            assert match.person == (f"person {who:02d}" if who < 2 else None)
            assert match.candidates[0].cluster == (None if who < 2 else who)
    assert {match.is_known for match in ask(gallery, STRANGERS)} == {False}


def test_a_lone_bystander_stands_for_nobody(tmp_path: Path) -> None:
    """Neither alone in a cluster, nor with other lone ones in one, nor in the cluster of a labelled person."""
    alone, together, beside = STRANGERS[0], STRANGERS[1:5], STRANGERS[5]
    embeddings = np.concatenate([GALLERY, [alone], together, [beside]])
    gallery = some_named(tmp_path / "g", PEOPLE, embeddings, np.concatenate([OF, [90], [91] * 4, [92]]))
    cluster_by(gallery, np.concatenate([OF, [90], [91] * 4, [3]]))
    for face in (alone, *together, beside):
        assert not ask(gallery, face[None])[0].is_known
    plain = some_named(tmp_path / "plain", PEOPLE)
    thresholds = [Identifier(g.faces(), g.clusterings.current()).threshold() for g in (gallery, plain)]  # type: ignore[arg-type]
    assert thresholds[0] == thresholds[1], "faces that stand for nobody leave the threshold as it was"


def test_loose_photos_of_a_labelled_person_never_answer_in_their_place(tmp_path: Path) -> None:
    persons = np.array([f"person {who:02d}" if row % FACES < 3 else None for row, who in enumerate(OF)], object)
    gallery = make_gallery(tmp_path / "g", GALLERY, persons)
    cluster_by(gallery, OF)
    for who in range(PEOPLE):
        for match in ask(gallery, probes(who)):
            assert match.person == f"person {who:02d}"
            assert all(candidate.person for candidate in match.candidates)


@pytest.mark.parametrize("written", ["Chloé", " Chloé ", unicodedata.normalize("NFD", "Chloé")])
def test_clusters_of_one_name_are_one_person_and_leave_the_threshold_alone(tmp_path: Path, written: str) -> None:
    """Clusters 0, 8 and 9 hold one person's faces."""
    split = OF.copy()
    split[:6] = [0, 0, 8, 8, 9, 9]
    whole, cut = some_named(tmp_path / "whole", 0), some_named(tmp_path / "cut", 0)
    cluster_by(cut, split)
    for gallery, clusters in ((whole, (0,)), (cut, (0, 8, 9))):
        for cluster in clusters:
            gallery.clusterings.name(cluster, "Chloé" if cluster == 0 else written)
        (match, *_) = ask(gallery, probes(0))
        assert match.person == "Chloé"
        assert [candidate.person for candidate in match.candidates].count("Chloé") == 1
    found = [Identifier(g.faces(), g.clusterings.current()) for g in (whole, cut)]  # type: ignore[arg-type]
    assert found[0].threshold() == pytest.approx(found[1].threshold())
    assert cut.counts().people == 1


def test_a_cluster_named_like_a_labelled_person_is_that_person(tmp_path: Path) -> None:
    split = OF.copy()
    split[4:8] = 8
    persons = np.array([f"person {w:02d}" if w else ("Chloé" if r < 4 else None) for r, w in enumerate(OF)], object)
    gallery = make_gallery(tmp_path / "g", GALLERY, persons)
    cluster_by(gallery, split)
    gallery.clusterings.name(8, "  Chloe\u0301")
    for match in ask(gallery, probes(0)):
        assert match.person == "Chloé"
        assert [candidate.person for candidate in match.candidates].count("Chloé") == 1
    assert gallery.counts().people == PEOPLE
    assert len(gallery_pairs(gallery).same_) == PEOPLE * FACES * (FACES - 1) / 2


def test_a_persons_folder_counts_for_more_than_the_name_of_a_cluster(tmp_path: Path) -> None:
    gallery = some_named(tmp_path / "g", PEOPLE)
    gallery.clusterings.name(0, "somebody else")
    assert answered(gallery, probes(0)) == [(True, "person 00")] * 2
    assert gallery.counts().people == PEOPLE


def test_pairs_for_verification_are_those_of_the_same_identities(tmp_path: Path) -> None:
    labelled = gallery_pairs(some_named(tmp_path / "all", PEOPLE))
    partly = some_named(tmp_path / "partly", 2)
    mixed = gallery_pairs(partly)
    assert (labelled.identity, mixed.identity) == ("person", "mixed")
    assert np.array_equal(labelled.same_, mixed.same_)
    assert "rest in part on clusters" in mixed.basis
    for cluster in range(2, PEOPLE):
        partly.clusterings.name(cluster, f"by hand {cluster}")
    named = gallery_pairs(partly)
    assert (named.identity, named.basis) == ("person", "")
    assert np.array_equal(labelled.different_, named.different_)


def test_a_split_cluster_without_a_name_beside_people_is_no_pair_of_different_people(tmp_path: Path) -> None:
    split = OF.copy()
    split[-4:] = 8
    gallery = some_named(tmp_path / "g", 4)
    cluster_by(gallery, split)
    whole = gallery_pairs(some_named(tmp_path / "whole", PEOPLE))
    assert gallery_pairs(gallery).threshold(0.01) == pytest.approx(whole.threshold(0.01), abs=0.02)


def test_everybody_labelled_answers_as_from_persons_alone(tmp_path: Path) -> None:
    gallery = some_named(tmp_path / "g", PEOPLE)
    matcher = Identifier(gallery.faces(), gallery.clusterings.current()).matcher  # type: ignore[arg-type]
    plain = FaceMatcher().fit(GALLERY, OF)
    assert matcher.identity == "person"
    assert matcher.threshold() == plain.threshold()
    assert np.array_equal(matcher.scores(STRANGERS), plain.scores(STRANGERS))


def test_pages_call_a_face_by_the_name_of_its_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = some_named(tmp_path / "g", 2)
    gallery.clusterings.name(5, "Cyd by hand")
    monkeypatch.setenv("FACECLUSTER_HOME", str(gallery.path))
    app = open_app("gallery")
    people: Any = next(link for link in app.page_link if link.value == "3 people")
    assert "16 of 64 faces have a known person by folder, 8 more by hand" in people.proto.help
    assert "Cyd by hand" in [tile["name"] for tile in tiles(app)], "on the wall"
    assert ["Cyd by hand", 8] in gallery.photos.by_person().to_numpy().tolist()
    assert gallery.clusterings.names_by_hand(
        gallery.clusterings.samples([5, 0], 1)[5] + gallery.clusterings.samples([0], 1)[0]
    ) == {gallery.clusterings.samples([5], 1)[5][0]: "Cyd by hand"}


def test_unlike_faces_in_one_cluster_are_not_somebody(tmp_path: Path) -> None:
    """A cluster of leftovers beside people: those of its faces that are alike are somebody, the others nobody."""
    twin = unit(draw_people(1, 4, scatter=0.5, seed=20)[0])
    embeddings = np.concatenate([GALLERY, twin, STRANGERS])
    gallery = some_named(tmp_path / "g", PEOPLE, embeddings, np.concatenate([OF, [99] * (4 + len(STRANGERS))]))
    assert ask(gallery, twin[:1])[0].candidates[0].cluster is not None
    assert {match.is_known for match in ask(gallery, STRANGERS)} == {False}
