"""What pages read of clusters and neighbours: no more than they show, and what they should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.synthetic import make_synthetic_gallery
from facecluster.errors import GalleryError
from facecluster.gallery import faces
from facecluster.gallery.gallery import Gallery
from facecluster.photos.images import load_image
from facecluster.presentation.drawing import photo_with_box


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return make_synthetic_gallery(tmp_path_factory.mktemp("synthetic"), faces=300, clusters=5, people=5)


def test_a_synthetic_gallery_is_the_same_every_time_and_takes_no_faces_twice(gallery: Gallery, tmp_path: Path) -> None:
    again = make_synthetic_gallery(tmp_path, faces=300, clusters=5, people=5)
    assert again.clusterings.table().equals(gallery.clusterings.table())
    with pytest.raises(ValueError, match="holds faces already"):
        make_synthetic_gallery(tmp_path)


def test_samples_are_the_faces_nearest_to_the_center(gallery: Gallery) -> None:
    samples = gallery.clusterings.samples([3, 1], each=4)
    assert list(samples) == [3, 1]
    assert set(samples[3]) == set(gallery.clusterings.faces_of(3, limit=4)["face"])
    assert gallery.clusterings.samples([99]) == {99: []}


def test_similarities_are_those_of_the_clusters_faces(gallery: Gallery) -> None:
    faces = gallery.clusterings.faces_of(2, order="farthest", limit=1000)
    assert gallery.clusterings.similarities_in(2) == pytest.approx(faces["similarity"].to_numpy())


def test_people_of_a_cluster_are_counted_main_person_first(gallery: Gallery) -> None:
    people = gallery.clusterings.people_in(0)
    row = gallery.clusterings.table().set_index("cluster").loc[0]
    assert people["person"].iloc[0] == row["person"]
    assert people["faces"].sum() == row["faces"]
    assert len(people) == row["people"]


def test_nearest_faces_are_the_most_similar_others(gallery: Gallery) -> None:
    faces = gallery.faces()
    similarity = faces.embeddings @ faces.embeddings[7]
    similarity[7] = -2
    best = np.argsort(-similarity)[:6]
    nearest = gallery.faces.nearest(int(faces.ids[7]), 6)
    assert nearest["face"].tolist() == faces.ids[best].tolist()
    assert nearest["similarity"].to_numpy() == pytest.approx(similarity[best], abs=1e-5)


def test_nearest_faces_in_a_large_gallery_are_sought_in_the_nearest_clusters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = make_synthetic_gallery(tmp_path, faces=2_000, clusters=40, people=40)
    everybody = [large.faces.nearest(face, 6)["face"].tolist() for face in range(1, 2_000, 100)]
    monkeypatch.setattr(faces, "_ALL_COMPARED", 1_000)
    monkeypatch.setattr(faces, "_LIKELY_NEIGHBOURS", 200)
    assert [large.faces.nearest(face, 6)["face"].tolist() for face in range(1, 2_000, 100)] == everybody


def test_a_nearest_face_that_no_cluster_took_is_found_in_a_large_gallery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = make_synthetic_gallery(tmp_path, faces=400, clusters=8, people=8)
    face = 7
    nearest = large.faces.nearest(face, 1)["face"].tolist()
    clustering = large.clusterings.current()
    assert clustering
    kept = clustering.faces != nearest[0]
    large.clusterings.save(
        replace(
            clustering,
            faces=clustering.faces[kept],
            labels=clustering.labels[kept],
            similarity=clustering.similarity[kept],
        )
    )
    monkeypatch.setattr(faces, "_ALL_COMPARED", 100)
    monkeypatch.setattr(faces, "_LIKELY_NEIGHBOURS", 1)
    assert large.faces.nearest(face, 1)["face"].tolist() == nearest


def test_embeddings_come_in_the_order_they_are_asked_for(gallery: Gallery) -> None:
    faces = gallery.faces()
    assert np.array_equal(gallery.faces.embeddings_of(faces.ids[[5, 2, 9]]), faces.embeddings[[5, 2, 9]])
    assert gallery.faces.embeddings_of([]).shape == (0, 512)
    with pytest.raises(GalleryError, match="holds no face 9999"):
        gallery.faces.embeddings_of([1, 9999])


def test_nearest_faces_of_a_face_alone_are_none(tmp_path: Path) -> None:
    alone = make_synthetic_gallery(tmp_path, faces=1, clusters=1, people=1)
    assert alone.faces.nearest(1).empty
    with pytest.raises(GalleryError, match="holds no face 99"):
        alone.faces.nearest(99)


def test_a_box_is_drawn_where_the_face_is_on_a_photo_made_smaller() -> None:
    photo = load_image(photo_with_box(np.zeros((2000, 1000, 3), np.uint8), (400, 800, 600, 1200), longest=1000))
    assert photo.shape[:2] == (1000, 500)
    rows, columns = np.nonzero(photo.max(axis=2) > 128)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == pytest.approx((200, 400, 300, 600), abs=4)


def test_a_photo_is_enlarged_around_the_box_as_far_as_its_edges_allow() -> None:
    image = np.zeros((400, 800, 3), np.uint8)
    image[:100, :200] = 255
    part = load_image(photo_with_box(image, (20, 20, 60, 60), [(700, 300, 780, 380)], zoom=4))
    assert part.shape == (100, 200, 3)
    assert np.median(part) == 255, "the corner around the box, and not the other face"
    assert load_image(photo_with_box(image, (20, 20, 60, 60))).shape == (400, 800, 3)


def test_a_box_beyond_the_photo_is_drawn_as_far_as_it_goes() -> None:
    photo = load_image(photo_with_box(np.zeros((100, 100, 3), np.uint8), (-50, -50, 500, 500)))
    assert photo.shape == (100, 100, 3)
    assert photo.max() > 128


def test_a_name_is_of_the_clusters_that_are_there_and_can_be_taken_away(gallery: Gallery, tmp_path: Path) -> None:
    gallery.clusterings.name(1, "  The boss ")
    current = gallery.clusterings.current()
    assert current is not None
    assert current.names == {1: "The boss"}
    gallery.clusterings.name(1, "")
    current = gallery.clusterings.current()
    assert current is not None
    assert current.names == {}
    with pytest.raises(GalleryError, match="no clusters to name yet"):
        Gallery.open(tmp_path / "new").clusterings.name(1, "The boss")


def test_a_persons_faces_in_a_cluster_are_those_of_that_person_alone(gallery: Gallery) -> None:
    counts = gallery.clusterings.people_in_clusters()
    for row in counts.itertuples():
        faces = gallery.clusterings.faces_in_cluster(row.person, row.cluster, limit=1000)
        assert len(faces) == row.faces
        assert {gallery.faces.get(face).person for face in faces} == {row.person}
