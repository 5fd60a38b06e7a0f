"""Detector, embedder and identifier in other processes: sent without their networks, and the same answers there."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import sys
from collections.abc import Iterator
from multiprocessing.pool import Pool
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from facecluster import FaceClusterer, FaceDetector, FaceEmbedder, Gallery, Identifier
from facecluster.errors import RuntimeChoiceError
from facecluster.recognition.sampled_scoring import LargeFaceMatcher
from facecluster.recognition.scoring import FaceMatcher
from facecluster.recognition.search import ClusterSearch, ExactSearch
from facecluster.samples.sample_photos import draw_group, draw_portrait, draw_stranger
from tests.people import draw_people

TIMEOUT = 300  # seconds: only so that a worker that hangs or dies does not hold up all tests
PHOTO = np.asarray(draw_group([0, 1, 2]))


@pytest.fixture(scope="module")
def worker() -> Iterator[Pool]:
    """A process that begins anew, as on Windows and macOS: everything that it works with is sent to it.

    It runs the main module first, and Streamlit leaves the script of the last page that was tested in its place.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", ModuleType("__main__"))
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            yield pool


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    detector = FaceDetector(min_face_size=50)
    detector.detect(PHOTO)  # what is sent has been at work already
    return detector


def test_a_detector_finds_the_same_faces_in_another_process(detector: FaceDetector, worker: Pool) -> None:
    here, there = detector.detect(PHOTO), worker.apply_async(detector.detect, (PHOTO,)).get(TIMEOUT)
    assert len(here) == len(there) == 3
    for mine, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(mine.box, other.box)
        np.testing.assert_array_equal(mine.landmarks, other.landmarks)
        assert mine.score == other.score


def test_an_embedder_gives_the_same_embeddings_in_another_process(worker: Pool) -> None:
    embedder, crops = FaceEmbedder(), np.stack([PHOTO[:160, :160], PHOTO[40:200, 40:200]])
    here = embedder.embed(crops)
    there = worker.apply_async(embedder.embed, (crops,)).get(TIMEOUT)
    np.testing.assert_array_equal(here, there)


def test_an_identifier_gives_the_same_answers_in_another_process(
    sample_gallery: Path, detector: FaceDetector, worker: Pool, tmp_path: Path
) -> None:
    draw_portrait(2, 40).save(tmp_path / "known.png")
    draw_stranger(1).save(tmp_path / "stranger.png")
    probes = [str(tmp_path / "known.png"), str(tmp_path / "stranger.png")]
    identifier = Identifier.from_gallery(Gallery.open(sample_gallery), detector=detector)
    here = [identifier.identify(probe) for probe in probes]
    there = worker.map_async(identifier.identify, probes).get(TIMEOUT)
    assert [[match.as_dict() for match in probe] for probe in here] == [
        [match.as_dict() for match in probe] for probe in there
    ]
    assert [probe[0].person is None for probe in here] == [False, True]


def test_networks_are_not_sent(detector: FaceDetector) -> None:
    embedder = FaceEmbedder()
    embedder.load()
    for sent in (detector, embedder):
        assert len(pickle.dumps(sent)) < 1000
    again = copy.deepcopy(detector)
    assert again.min_face_size == 50
    assert [len(faces) for faces in (again.detect(PHOTO), detector.detect(PHOTO))] == [3, 3]


def test_matchers_searches_and_clusterers_are_sent_as_they_are() -> None:
    embeddings, persons = draw_people(12, 10)
    _, numbers = np.unique(persons, return_inverse=True)
    model = FaceClusterer(12, random_state=0).fit(embeddings)
    probes = embeddings[::7]
    told: list[int] = []
    large = LargeFaceMatcher().fit(embeddings, numbers, lambda done, total: told.append(done))
    assert told, "whoever was told of the preparation stays behind"
    for matcher in (FaceMatcher().fit(embeddings, numbers), large):
        sent = pickle.loads(pickle.dumps(matcher))
        np.testing.assert_array_equal(sent.scores(probes), matcher.scores(probes))
        assert sent.threshold(0.01) == matcher.threshold(0.01)
    for search in (
        ExactSearch(embeddings, numbers),
        ClusterSearch(embeddings, numbers, model.labels_, model.cluster_centers_, on_progress=lambda done, total: None),
    ):
        sent = pickle.loads(pickle.dumps(search))
        for mine, other in zip(search.find(probes, 3, 6), sent.find(probes, 3, 6), strict=True):
            np.testing.assert_array_equal(mine.identities, other.identities)
            np.testing.assert_array_equal(mine.rows, other.rows)
    sent = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(sent.predict(probes), model.predict(probes))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_a_forked_process_where_openvino_would_hang_says_so(detector: FaceDetector) -> None:
    if not detector.runtime.startswith("openvino"):
        pytest.skip("OpenVINO does not run here")
    _in_use.append(detector)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        for call in (detector.detect, _detect_without_being_sent):
            with pytest.raises(RuntimeChoiceError, match=r'start worker processes with .*get_context\("spawn"\)'):
                pool.apply_async(call, (PHOTO,)).get(TIMEOUT)


_in_use: list[FaceDetector] = []


def _detect_without_being_sent(photo: np.ndarray) -> int:
    return len(_in_use[0].detect(photo))
