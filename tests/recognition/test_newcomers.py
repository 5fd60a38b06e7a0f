"""How many clusters where only some people have a name: never fewer, and as many more as there are people."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facecluster import Gallery, Identifier
from facecluster.cli.main import main
from facecluster.clustering import number_of_clusters
from facecluster.evaluation.clustering_scores import evaluate_clustering
from facecluster.evaluation.results import EvaluationSettings
from facecluster.recognition import newcomers
from facecluster.recognition.newcomers import people_and_newcomers
from facecluster.workflows.add_photos import last_choice
from facecluster.workflows.cluster import cluster_gallery
from facecluster.workflows.evaluate import evaluate_gallery
from tests.apps import open_app
from tests.galleries import make_gallery
from tests.people import draw_people


def known(people: int, faces: int, named: int, loose: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Faces of so many people, of whom the first have a name, but for the first `loose` photos of each."""
    embeddings, persons = draw_people(people, faces, scatter=0.8)
    numbers, places = np.arange(people * faces) // faces, np.arange(people * faces) % faces
    persons[(numbers >= named) | (places < loose)] = None
    return embeddings, persons


@pytest.mark.parametrize(
    ("people", "faces", "named", "loose", "found"),
    [
        pytest.param(8, 6, 8, 0, 8, id="all labelled"),
        pytest.param(8, 6, 4, 0, 8, id="half the people labelled"),
        pytest.param(8, 6, 2, 0, 8, id="two of eight labelled"),
        pytest.param(8, 6, 1, 0, 8, id="one labelled"),
        pytest.param(12, 10, 12, 5, 12, id="half the photos of every labelled person loose"),
        pytest.param(12, 10, 12, 8, 12, id="two photos of each labelled"),
        pytest.param(12, 10, 10, 5, 12, id="loose photos of ten, and two more people"),
        pytest.param(12, 3, 6, 0, 12, id="three photos a person"),
    ],
)
def test_the_number_is_that_of_the_people_with_and_without_a_name(
    people: int, faces: int, named: int, loose: int, found: int
) -> None:
    assert people_and_newcomers(*known(people, faces, named, loose)) == found


@pytest.mark.parametrize("named", [1, 2, 3])
def test_faces_that_are_all_alike_are_no_reason_to_see_named_people_in_them(sample_gallery: Path, named: int) -> None:
    """Drawn people are so alike that one or two of them cannot tell how strangers score."""
    faces = Gallery.open(sample_gallery).faces()
    everybody = sorted(set(faces.persons))
    rows = np.isin(faces.persons.astype(str), everybody[:8])
    persons = faces.persons[rows]
    persons[~np.isin(persons.astype(str), everybody[:named])] = None
    assert people_and_newcomers(faces.embeddings[rows], persons) == 8


@pytest.mark.parametrize("strangers", [1, 2, 20])
def test_lone_photos_of_strangers_among_thousands_add_no_cluster(strangers: int) -> None:
    embeddings, persons = known(60, 40, 60)
    lone = draw_people(strangers, 1, scatter=0.8, seed=5)[0]
    number = people_and_newcomers(np.concatenate([embeddings, lone]), np.append(persons, [None] * strangers))
    assert number == 60


def test_people_whom_a_sample_of_a_large_gallery_misses_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (number_of_clusters, newcomers):
        monkeypatch.setattr(module, "MAX_FACES", 750)  # of 900, as 3,000 of 3,600, which take half a minute
    assert 140 <= people_and_newcomers(*known(150, 6, 135)) <= 153


def test_two_named_of_eight_end_in_eight_clusters_and_figures_say_on_which_share_they_rest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embeddings, persons = known(8, 6, 2)
    gallery = make_gallery(tmp_path / "g", embeddings, persons)
    made = cluster_gallery(gallery)
    everybody = np.repeat(np.arange(8), 6).astype(str)
    assert evaluate_clustering(made.labels, everybody).accuracy == 1
    assert (made.n_clusters, made.parameters["chosen_by"]) == (8, "people and others")
    assert last_choice(gallery) == ("people", 0), "when all have a name, as many clusters as people are made again"
    share = "12 of 48 faces have a known person; figures that compare with people speak of these alone."
    assert main(["evaluate", "--gallery", str(gallery.path)]) == 0
    assert capsys.readouterr().out.startswith(share)
    monkeypatch.setenv("FACECLUSTER_HOME", str(gallery.path))
    for page in ("accuracy", "evaluation"):
        app = open_app(page)
        assert share in " ".join(each.value for each in [*app.markdown, *app.caption])
    links: list[Any] = list(open_app("gallery").page_link)
    assert [share in link.proto.help for link in links if link.value == "2 people"] == [True]
    assert [share in link.proto.help for link in links if link.value == "Nothing to review of 12 known"] == [True]
    results = evaluate_gallery(gallery, EvaluationSettings(parts=()))
    assert results.known is not None
    assert results.known.as_dict() == {"by_folder": 12, "by_hand": 0, "of": 48}


def test_accuracy_says_what_is_named_by_hand_and_does_not_rest_on_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gallery = make_gallery(tmp_path / "g", *known(8, 6, 2))
    made = cluster_gallery(gallery)
    gallery.clusterings.name(int(made.labels[-1]), "by hand")
    assert main(["evaluate", "--gallery", str(gallery.path)]) == 0
    told = capsys.readouterr().out
    assert "12 of 48 faces have a known person by folder, 6 more by hand" in told
    assert "12 of 12 faces are in their person's cluster" in told


def test_names_given_by_hand_keep_their_clusters_when_labelled_people_are_added(tmp_path: Path) -> None:
    embeddings, _ = known(8, 6, 0)
    gallery = make_gallery(tmp_path / "g", embeddings, np.full(48, None))
    made = cluster_gallery(gallery)
    assert made.n_clusters == 8
    for cluster in range(8):
        gallery.clusterings.name(cluster, f"by hand {cluster}")
    more = draw_people(2, 6, scatter=0.8, seed=3)[0]
    make_gallery(tmp_path / "g", more, np.repeat(np.array(["Ann", "Bob"], object), 6), prefix="more")
    again = cluster_gallery(gallery)
    assert (again.n_clusters, again.parameters["chosen_by"]) == (10, "people")
    assert sorted(again.names.values()) == [f"by hand {cluster}" for cluster in range(8)]
    assert gallery.counts().people == 10


def test_the_evaluations_threshold_is_the_one_that_identification_uses(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "g", *known(8, 6, 4))
    made = cluster_gallery(gallery)
    gallery.clusterings.name(int(made.labels[-1]), "by hand")
    found = evaluate_gallery(gallery, EvaluationSettings(parts=("open_set",), draws=2)).open_set
    identifier = Identifier(gallery.faces(), gallery.clusterings.current())  # type: ignore[arg-type]
    assert found is not None
    assert (found.people, found.threshold) == (4, pytest.approx(identifier.threshold()))


def test_two_of_eight_real_people_named(celebrities: Path, tmp_path: Path) -> None:
    """Twelve photos of each of two people in folders, and six of each of six others beside them."""
    from facecluster import index_photos, open_photos

    people = sorted(path for path in celebrities.iterdir() if path.is_dir())[:8]
    for number, person in enumerate(people):
        folder = tmp_path / "p" / (person.name if number < 2 else ".")
        folder.mkdir(parents=True, exist_ok=True)
        for photo in sorted(person.iterdir())[: 12 if number < 2 else 6]:
            shutil.copy(photo, folder / f"{number} {photo.name}")
    gallery = Gallery.open(tmp_path / "gallery")
    index_photos(gallery, open_photos(tmp_path / "p"))
    made = cluster_gallery(gallery)
    of = [Path(path).name.split()[0] for path in gallery.faces().table["path"]]
    assert made.n_clusters == 8
    assert evaluate_clustering(made.labels, np.array(of, object)).accuracy >= 0.95
