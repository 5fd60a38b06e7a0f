"""Crops have facenet-pytorch's pixels, and embeddings are InceptionResnetV1's, whatever batch, thread or runtime."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch import extract_face, fixed_image_standardization
from PIL import Image

from facecluster.errors import RuntimeChoiceError, WeightsError
from facecluster.samples.sample_photos import draw_portrait
from facecluster.vision.detection import FaceDetector
from facecluster.vision.embedding import FaceEmbedder, crop_face
from facecluster.vision.main_face import main_face
from facecluster.vision.runtime import choose, openvino_models, torch_run
from facecluster.vision.weights import load_weights

PHOTO = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def embedder() -> FaceEmbedder:
    return FaceEmbedder()


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    """InceptionResnetV1 in eager torch, as facenet-pytorch's users run it."""
    return load_weights("casia-webface")


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Crops (21, 160, 160, 3) of drawn people, three portraits each."""
    box = np.array([110, 110, 290, 350], np.float32)
    portraits = [draw_portrait(person, portrait) for person in range(7) for portrait in range(3)]
    return np.stack([crop_face(np.asarray(image.convert("RGB")), box) for image in portraits])


def random_boxes(count: int, seed: int = 0) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        corner = rng.uniform(-20, 240, 2)
        yield np.concatenate([corner, corner + rng.uniform(25, 200, 2)]).astype(np.float32)


# --- crops ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "margin"), [(160, 32), (160, 0), (160, 44), (96, 14)])
def test_crops_are_those_of_facenet_pytorch(size: int, margin: int) -> None:
    photo = Image.fromarray(PHOTO)
    compared = 0
    for box in random_boxes(60):
        if box[0] < 300 and box[1] < 220:
            expected = extract_face(photo, box, image_size=size, margin=margin).permute(1, 2, 0).numpy()
            np.testing.assert_array_equal(crop_face(PHOTO, box, size, margin), expected)
            compared += 1
    assert compared > 40


def test_crops_of_real_faces_are_those_of_facenet_pytorch(celebrities: Path) -> None:
    detector = FaceDetector()
    for photo in sorted(celebrities.glob("*/*"))[::60]:
        image = Image.open(photo).convert("RGB")
        for face in detector.detect(np.asarray(image)):
            expected = extract_face(image, face.box, image_size=160, margin=32).permute(1, 2, 0).numpy()
            np.testing.assert_array_equal(crop_face(np.asarray(image), face.box), expected)


@pytest.mark.parametrize(
    "box",
    [
        [50, 50, 50, 50],
        [50, 50, 50, 90],
        [-100, -100, -50, -50],
        [500, 500, 600, 600],
        [319.5, 239.5, 320, 240],
        [-1e6, -1e6, 1e6, 1e6],
        [90, 90, 40, 40],
    ],
)
def test_boxes_without_area_or_outside_the_photo_give_a_crop_too(box: list[float]) -> None:
    crop = crop_face(PHOTO, np.array(box, np.float32))
    assert (crop.shape, crop.dtype) == ((160, 160, 3), np.uint8)


def test_a_photo_of_one_pixel_can_be_cropped() -> None:
    crop = crop_face(np.full((1, 1, 3), 77, np.uint8), np.array([0, 0, 1, 1], np.float32))
    assert (crop == 77).all()


# --- embeddings ----------------------------------------------------------------------------------------------------


def assert_same_direction(embeddings: np.ndarray, network: torch.nn.Module, crops: np.ndarray) -> None:
    pixels = fixed_image_standardization(torch.from_numpy(crops).permute(0, 3, 1, 2).float())
    with torch.inference_mode():
        expected = torch.cat([network(part) for part in pixels.split(8)]).numpy()
    assert (embeddings.shape, embeddings.dtype) == ((len(crops), 512), np.float32)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    assert (embeddings * expected).sum(axis=1).min() >= 0.999


def test_embeddings_of_drawn_faces_are_those_of_eager_torch(
    embedder: FaceEmbedder, network: torch.nn.Module, faces: np.ndarray
) -> None:
    assert_same_direction(embedder.embed(faces), network, faces)


def test_embeddings_of_real_faces_are_those_of_eager_torch(
    embedder: FaceEmbedder, network: torch.nn.Module, celebrities: Path
) -> None:
    detector, crops = FaceDetector(), []
    for photo in sorted(celebrities.glob("*/*"))[::34]:
        image = np.asarray(Image.open(photo).convert("RGB"))
        found = detector.detect(image)
        main = main_face(found, image.shape[1::-1])
        crops += [crop_face(image, found[main].box)] if main is not None else []
    assert len(crops) >= 18
    assert_same_direction(embedder.embed(np.stack(crops)), network, np.stack(crops))


def test_faces_of_one_person_resemble_each_other_more_than_others(embedder: FaceEmbedder, faces: np.ndarray) -> None:
    embeddings = embedder.embed(faces)
    similarity = embeddings @ embeddings.T
    person = np.repeat(np.arange(7), 3)
    same = (person[:, None] == person) & ~np.eye(21, dtype=bool)
    assert similarity[same].mean() > similarity[person[:, None] != person].mean() + 0.2


@pytest.mark.parametrize("count", [1, 2, 3, 7, 15, 16, 17, 21])
def test_an_embedding_does_not_depend_on_the_batch(embedder: FaceEmbedder, faces: np.ndarray, count: int) -> None:
    alone = np.concatenate([embedder.embed(faces[index : index + 1]) for index in (0, count - 1)])
    together = embedder.embed(faces[:count])[[0, count - 1]]
    assert (alone * together).sum(axis=1).min() > 0.9999


def test_several_threads_share_an_embedder(faces: np.ndarray) -> None:
    shared = FaceEmbedder()
    parts = [faces[start : start + size] for start, size in ((0, 1), (1, 5), (6, 8), (14, 2), (16, 5))]
    with ThreadPoolExecutor(4) as threads:
        together = np.concatenate(list(threads.map(shared.embed, parts)))
    assert (together * shared.embed(faces)).sum(axis=1).min() > 0.9999


def test_no_faces_give_no_embeddings_and_load_nothing() -> None:
    nothing = FaceEmbedder("a-file-that-is-not-there.pt").embed(np.empty((0, 160, 160, 3), np.uint8))
    assert (nothing.shape, nothing.dtype) == ((0, 512), np.float32)


@pytest.mark.parametrize(
    "crops",
    [np.zeros((160, 160, 3), np.uint8), np.zeros((1, 3, 160, 160), np.uint8), np.zeros((2, 160, 160, 3), np.float32)],
)
def test_what_are_no_crops_is_refused(embedder: FaceEmbedder, crops: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"^crops must be \(n, 160, 160, 3\) uint8, got \("):
        embedder.embed(crops)


def test_half_precision_ends_in_unit_length_and_the_same_direction(
    network: torch.nn.Module, faces: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(choose.ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setattr(choose, "available_runtimes", lambda: ("cuda", "eager"))
    monkeypatch.setattr(torch_run, "_device", lambda name: torch.device("cpu"))
    embedder = FaceEmbedder()
    assert_same_direction(embedder.embed(faces[:4]), network, faces[:4])
    assert (embedder.model, embedder.runtime) == ("casia-webface", "cuda")


def test_a_wrong_model_or_runtime_is_told_when_the_embedder_is_used() -> None:
    crops = np.zeros((1, 160, 160, 3), np.uint8)
    with pytest.raises(WeightsError, match="no-such-model"):
        FaceEmbedder("no-such-model").embed(crops)
    with pytest.raises(RuntimeChoiceError, match="'steam' is not known"):
        FaceEmbedder(runtime="steam").embed(crops)


def test_weights_from_a_file_are_used_and_a_file_with_other_content_is_another_model(
    tmp_path: Path, network: torch.nn.Module, faces: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facecluster.vision.runtime.model_cache.cache_folder", lambda: tmp_path / "models")
    monkeypatch.setattr(openvino_models, "_convert_apart", lambda recipes: None)
    file = tmp_path / "mine.pt"
    torch.save(network.state_dict(), file)
    assert_same_direction(FaceEmbedder(str(file), "openvino-f32").embed(faces[:2]), network, faces[:2])
    changed = {name: value * 0.5 if name == "last_bn.bias" else value for name, value in network.state_dict().items()}
    torch.save(changed, file)
    expected = load_weights(str(file))
    assert_same_direction(FaceEmbedder(str(file), "openvino-f32").embed(faces[:2]), expected, faces[:2])
