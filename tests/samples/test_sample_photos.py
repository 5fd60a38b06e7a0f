"""The drawn sample people: found by a real detector, told apart by real embeddings."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from PIL import Image

from facecluster.samples.sample_photos import (
    draw_group,
    draw_jpeg,
    draw_portrait,
    draw_stranger,
    sample_people,
    shipped,
    write_sample_people,
)

PEOPLE = 12
PORTRAITS = 5


@dataclass(frozen=True)
class Seen:
    """What the models make of some portraits: `faces` found in each, and the embedding of the most certain one."""

    person: np.ndarray
    faces: np.ndarray
    embeddings: np.ndarray


FindFaces: TypeAlias = Callable[[Image.Image], np.ndarray]
Embed: TypeAlias = Callable[[list[tuple[int, Image.Image]]], Seen]


@pytest.fixture(scope="module")
def find_faces() -> FindFaces:
    """A function from a picture to the boxes that facenet-pytorch's own MTCNN finds, (n, 4), most certain first."""
    from facenet_pytorch import MTCNN

    mtcnn = MTCNN(min_face_size=40, keep_all=True)

    def find(image: Image.Image) -> np.ndarray:
        boxes, scores = mtcnn.detect(image)
        return np.empty((0, 4)) if boxes is None else np.asarray(boxes)[np.argsort(scores)[::-1]]

    return find


@pytest.fixture(scope="module")
def embed(find_faces: FindFaces) -> Embed:
    """A function from pictures to what is `Seen` in them, with the weights that the project uses by default."""
    import torch
    from facenet_pytorch.models.mtcnn import extract_face, fixed_image_standardization

    from facecluster.vision.weights import load_weights

    network = load_weights("casia-webface")

    def see(pictures: list[tuple[int, Image.Image]]) -> Seen:
        found = [find_faces(image) for _, image in pictures]
        # A portrait without a face is embedded whole: it must not drop out of what is measured.
        boxes = [f[0] if len(f) else (0, 0, *image.size) for f, (_, image) in zip(found, pictures, strict=True)]
        crops = [extract_face(image, box, 160, 32) for box, (_, image) in zip(boxes, pictures, strict=True)]
        with torch.inference_mode():
            batches = fixed_image_standardization(torch.stack(crops)).split(32)
            embeddings = torch.cat([network(batch) for batch in batches]).numpy()
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        return Seen(np.array([person for person, _ in pictures]), np.array([len(f) for f in found]), embeddings)

    return see


@pytest.fixture(scope="module")
def seen(embed: Embed) -> Seen:
    return embed([(person, draw_portrait(person, number)) for person in range(PEOPLE) for number in range(PORTRAITS)])


def unit_centers(seen: Seen) -> np.ndarray:
    centres = np.stack([seen.embeddings[seen.person == person].mean(axis=0) for person in range(PEOPLE)])
    return centres / np.linalg.norm(centres, axis=1, keepdims=True)


def test_a_portrait_is_the_same_in_every_process() -> None:
    code = (
        "import hashlib; from facecluster.samples.sample_photos import draw_portrait as draw; "
        "print(hashlib.sha256(draw(4, 7).tobytes() + draw(25, 0).tobytes()).hexdigest())"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()

    here = hashlib.sha256(draw_portrait(4, 7).tobytes() + draw_portrait(25, 0).tobytes()).hexdigest()

    assert here == elsewhere


def test_no_two_portraits_are_alike() -> None:
    pictures = [draw_portrait(person, number).tobytes() for person in (0, 1, 40) for number in (0, 1, 30)]

    assert len(set(pictures)) == len(pictures)


def test_a_portrait_is_a_colour_picture_of_400_by_480() -> None:
    portrait = draw_portrait(2, 3)

    assert (portrait.mode, portrait.size) == ("RGB", (400, 480))


@pytest.mark.parametrize(("person", "portrait"), [(-1, 0), (0, -1)])
def test_numbers_below_zero_are_refused(person: int, portrait: int) -> None:
    with pytest.raises(ValueError, match="numbered from 0, not -1"):
        draw_portrait(person, portrait)


def test_names_are_unique_and_can_be_folders() -> None:
    names = [person.name for person in sample_people(120)]

    assert len({name.casefold() for name in names}) == 120
    assert all(name == name.strip() and name.replace(" ", "").replace("-", "").isalnum() for name in names)


@pytest.mark.parametrize("count", [12, 24, 42])
def test_six_skin_tones_are_equally_frequent(count: int) -> None:
    tones = Counter(person.skin_tone for person in sample_people(count))

    assert set(tones.values()) == {count // 6}
    assert len(tones) == 6


def test_the_twelve_differ_in_hair_age_beard_and_glasses() -> None:
    people = sample_people(PEOPLE)

    assert len({person.hair_style for person in people}) >= 8
    assert len({person.hair_colour for person in people}) >= 5
    assert len({person.beard for person in people}) >= 4
    assert len({person.glasses for person in people}) >= 3
    assert min(person.age for person in people) < 0.2
    assert max(person.age for person in people) > 0.8


@pytest.mark.parametrize("tone", sorted({person.skin_tone for person in sample_people(PEOPLE)}))
def test_the_detector_finds_one_face_in_95_percent_of_every_skin_tone(seen: Seen, tone: str) -> None:
    of_tone = [person.number for person in sample_people(PEOPLE) if person.skin_tone == tone]
    faces = seen.faces[np.isin(seen.person, of_tone)]

    assert (faces == 1).mean() >= 0.95, f"faces found in each portrait: {faces.tolist()}"


@pytest.mark.parametrize("people", [10, 12])
def test_kmeans_on_embeddings_tells_the_people_apart(seen: Seen, people: int) -> None:
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    chosen = seen.person < people
    clusters = KMeans(people, n_init=30, random_state=0).fit_predict(seen.embeddings[chosen])

    assert adjusted_rand_score(seen.person[chosen], clusters) >= 0.95


def test_one_threshold_recognises_everybody_and_leaves_strangers_out(seen: Seen, embed: Embed) -> None:
    """Each person in turn is left out of the gallery and plays the stranger: FNIR < 5 % at FPIR 1 %."""
    similarity = seen.embeddings @ unit_centers(seen).T
    own = similarity[np.arange(len(similarity)), seen.person]
    others = np.where(seen.person[:, None] == np.arange(PEOPLE), -1.0, similarity).max(axis=1)
    threshold = np.quantile(others, 0.99)

    stranger = embed([(-1, draw_stranger(number)) for number in range(4)])

    assert (own < threshold).mean() < 0.05
    assert stranger.faces.tolist() == [1, 1, 1, 1]
    assert (stranger.embeddings @ unit_centers(seen).T).max() < threshold - 0.05


@pytest.mark.parametrize("people", [[0, 5, 7], list(range(8))])
def test_every_face_of_a_group_photo_is_found(find_faces: FindFaces, people: list[int]) -> None:
    boxes = find_faces(draw_group(people))

    assert len(boxes) == len(people)
    assert (boxes[:, 2] - boxes[:, 0]).min() >= 90


def test_a_group_photo_is_the_same_for_a_seed_and_another_for_the_next() -> None:
    first = draw_group([0, 1], seed=1)

    assert draw_group([0, 1], seed=1).tobytes() == first.tobytes()
    assert draw_group([0, 1], seed=2).tobytes() != first.tobytes()


def test_a_group_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one person"):
        draw_group([])


def test_the_portraits_that_come_with_the_package_are_those_that_are_drawn_today() -> None:
    names = [f"{person.name}/{number:02}.jpg" for person in sample_people(12) for number in range(1, 13)]
    assert list(shipped()) == names
    for person in range(12):
        number = (5 * person) % 12  # another portrait of each
        with Image.open(io.BytesIO(shipped()[names[12 * person + number]])) as stored:
            drawn = Image.open(io.BytesIO(draw_jpeg(person, number)))
            np.testing.assert_array_equal(np.asarray(stored), np.asarray(drawn))


def test_without_the_portraits_of_the_package_they_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facecluster.samples.sample_photos.shipped", dict)
    (path,) = write_sample_people(tmp_path, people=1, portraits=1)
    assert path.read_bytes() == draw_jpeg(0, 0)
