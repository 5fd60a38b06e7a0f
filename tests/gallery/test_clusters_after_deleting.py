"""What becomes of clusters and their names when somebody is deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from facecluster.workflows.cluster import cluster_gallery
from tests.galleries import make_gallery
from tests.people import draw_people


def test_a_deleted_persons_cluster_name_does_not_pass_to_somebody_else(tmp_path: Path) -> None:
    embeddings, persons = draw_people(3, 10)
    persons = persons.copy()
    persons[0] = "person 01"  # looks like person 00, and lies in their cluster
    gallery = make_gallery(tmp_path / "gallery", embeddings, persons)
    clustering = cluster_gallery(gallery)
    gallery.clusterings.name(int(clustering.labels[1]), "The boss")
    gallery.clusterings.name(int(clustering.labels[-1]), "Somebody else")
    gallery.delete_person("person 00")
    assert list(gallery.clusterings.table()["name"].dropna()) == ["Somebody else"]
    cluster_gallery(gallery)
    table = gallery.clusterings.table().dropna(subset="name")
    assert table[["name", "person"]].to_numpy().tolist() == [["Somebody else", "person 02"]]


def test_a_cluster_keeps_its_name_while_most_of_its_faces_are_left_unless_it_names_the_deleted(tmp_path: Path) -> None:
    embeddings, persons = draw_people(2, 10)
    persons = np.where(np.arange(20) % 10 < 3, "Al", persons)
    gallery = make_gallery(tmp_path / "gallery", embeddings, persons)
    clustering = cluster_gallery(gallery, 2)
    gallery.clusterings.name(int(clustering.labels[0]), "Aled's team")
    gallery.clusterings.name(int(clustering.labels[-1]), "al and others")
    gallery.delete_person("Al")
    assert list(gallery.clusterings.table()["name"].dropna()) == ["Aled's team"]
    assert b"al and others" not in (gallery.path / "gallery.db").read_bytes()


def test_a_name_ends_when_its_cluster_is_scattered(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "gallery", *draw_people(1, 9))
    clustering = cluster_gallery(gallery, 1)
    gallery.clusterings.name(0, "The boss")
    halves = np.repeat(clustering.centers, 3, axis=0)
    for share, names in (([4, 4, 1], []), ([5, 3, 1], ["The boss"])):
        gallery.clusterings.save(clustering)
        gallery.clusterings.name(0, "The boss")
        labels = np.repeat(np.arange(3, dtype=np.int32), share)
        assert (
            list(gallery.clusterings.save(replace(clustering, labels=labels, centers=halves)).names.values()) == names
        )
