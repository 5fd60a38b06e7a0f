"""Photos to identify: what is read of them, what is said about them, and what is drawn on them."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from facecluster.gallery.gallery import Gallery
from facecluster.presentation.probe_pictures import COLOURS, in_shape, numbered_boxes, similarity_scale
from facecluster.recognition.identification import Identifier
from facecluster.recognition.probes import (
    Answer,
    answer,
    answer_name,
    answers_as_dicts,
    answers_table,
    read_probe,
    verdict,
)
from facecluster.samples.sample_photos import draw_group, draw_portrait, draw_stranger
from facecluster.vision.detection import FaceDetector
from facecluster.vision.embedding import FaceEmbedder
from facecluster.vision.faces import FaceReader


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue()


@pytest.fixture(scope="module")
def models() -> tuple[FaceDetector, FaceEmbedder]:
    return FaceDetector(), FaceEmbedder()


@pytest.fixture(scope="module")
def identifier(sample_gallery: Path, models: tuple[FaceDetector, FaceEmbedder]) -> Identifier:
    return Identifier.from_gallery(Gallery.open(sample_gallery), detector=models[0], embedder=models[1])


@pytest.fixture(scope="module")
def answers(identifier: Identifier, models: tuple[FaceDetector, FaceEmbedder]) -> list[Answer]:
    """A known person, a stranger, a group of four of the gallery, a text file and an empty photo."""
    contents = {
        "known.jpg": jpeg(draw_portrait(2, 20)),
        "stranger.jpg": jpeg(draw_stranger(0)),
        "group.jpg": jpeg(draw_group([0, 1, 2, 3])),
        "notes.jpg": b"not a photo",
        "sky.png": jpeg(Image.new("RGB", (300, 200), "skyblue")),
    }
    return [answer(read_probe(name, content, FaceReader(*models)), identifier) for name, content in contents.items()]


def test_a_known_person_a_stranger_and_a_group_are_told_apart(answers: list[Answer], sample_photos: Path) -> None:
    from facecluster.samples.drawn.people import sample_person

    known, stranger, group, *_ = answers
    assert [answer_name(match) for match in known.matches] == [sample_person(2).name]
    assert [answer_name(match) for match in stranger.matches] == ["Unknown"]
    assert {answer_name(match) for match in group.matches} == {sample_person(number).name for number in range(4)}


def test_a_file_that_is_no_photo_gets_a_sentence_with_its_name(answers: list[Answer]) -> None:
    notes, sky = answers[3:]
    assert (notes.probe.error or "").startswith("notes.jpg is not a photo")
    assert notes.matches == ()
    assert sky.probe.error is None
    assert sky.matches == ()


def test_another_threshold_changes_the_answer_without_looking_again(
    answers: list[Answer], identifier: Identifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the photo was read again")

    monkeypatch.setattr(FaceDetector, "look_many", refuse)
    monkeypatch.setattr(FaceEmbedder, "embed", refuse)
    probe = answers[0].probe
    assert [answer(probe, identifier, limit).matches[0].is_known for limit in (0.0, 1.0)] == [True, False]


def test_close_to_the_threshold_is_close_on_both_sides(answers: list[Answer]) -> None:
    match = answers[0].matches[0]

    def at(threshold: float) -> str:
        return verdict(replace(match, threshold=threshold, is_known=match.similarity >= threshold))

    near, far = 0.02, 0.2
    assert at(match.similarity - near) == at(match.similarity + near) == "close"
    assert at(match.similarity - far) == "known"
    assert at(match.similarity + far) == "unknown"


def test_the_table_has_a_row_a_face_and_one_for_each_photo_without(answers: list[Answer]) -> None:
    table = answers_table(answers)
    assert table["photo"].tolist() == ["known.jpg", "stranger.jpg", *["group.jpg"] * 4, "notes.jpg", "sky.png"]
    assert table["face"].tolist()[:6] == [1, 1, 1, 2, 3, 4]
    assert table["answer"].tolist()[1] == "Unknown"
    assert table["known"].tolist()[:2] == [True, False]
    assert table["known"].isna().tolist()[6:] == [True, True]
    assert table["candidate_1"].tolist()[0] == table["answer"].tolist()[0]
    assert table["note"].tolist()[-1] == "no face found"
    assert "nan" not in table.to_csv(index=False).lower()


def test_the_document_is_the_command_lines(answers: list[Answer]) -> None:
    document = json.loads(json.dumps(answers_as_dicts(answers)))
    assert [each["image"] for each in document] == ["known.jpg", "stranger.jpg", "group.jpg", "notes.jpg", "sky.png"]
    assert [len(each["faces"]) for each in document] == [1, 1, 4, 0, 0]
    assert document[3]["error"]
    assert {"box", "person", "similarity", "threshold", "candidates", "neighbours"} <= set(document[0]["faces"][0])


def test_a_large_photo_is_kept_small_with_its_boxes_in_place(models: tuple[FaceDetector, FaceEmbedder]) -> None:
    large = draw_portrait(0, 0).resize((2000, 2400))
    probe = read_probe("large.jpg", jpeg(large), FaceReader(*models))
    assert probe.picture is not None
    assert Image.open(io.BytesIO(probe.picture)).size == (1000, 1200)
    assert probe.scale == pytest.approx(0.5)
    x1, _, x2, _ = probe.scale * probe.detections[0].box
    assert 350 < (x1 + x2) / 2 < 650


def test_a_photo_on_its_side_is_shown_upright_with_its_boxes_in_place(
    models: tuple[FaceDetector, FaceEmbedder],
) -> None:
    upright = draw_portrait(0, 0)
    expected = models[0].detect(upright)[0].box
    probe = read_probe("side.jpg", jpeg(upright.rotate(90, expand=True)), FaceReader(*models))
    assert probe.turn
    assert probe.picture is not None
    assert Image.open(io.BytesIO(probe.picture)).size == upright.size
    assert probe.scale * probe.detections[0].box == pytest.approx(expected, abs=12)


def test_boxes_are_drawn_in_the_colour_of_their_verdict() -> None:
    grey = jpeg(Image.new("RGB", (400, 300), (128, 128, 128)))
    drawn = Image.open(
        io.BytesIO(numbered_boxes(grey, [(50, 60, 150, 200), (250, -10, 420, 90)], ["known", "unknown"]))
    )
    assert drawn.size == (400, 300)
    pixels = np.asarray(drawn).astype(int)
    green = np.array([int(COLOURS["known"][i : i + 2], 16) for i in (1, 3, 5)])
    assert np.abs(pixels[130, 50] - green).max() < 60
    assert np.abs(pixels[130, 100] - 128).max() < 12  # the inside is as it was
    assert np.abs(pixels[250, 300] - 128).max() < 12


@pytest.mark.parametrize(("similarity", "threshold"), [(0.8, 0.5), (-0.9, 0.5), (1.0, 1.0)])
def test_the_scale_is_well_formed_and_stays_inside(similarity: float, threshold: float) -> None:
    drawing = ElementTree.fromstring(similarity_scale(similarity, threshold, "known", "#5b6878"))
    dot = drawing.find("{http://www.w3.org/2000/svg}circle")
    assert dot is not None
    assert 10 <= float(dot.attrib["cx"]) <= 310


def test_a_crop_is_shown_in_the_shape_of_its_box() -> None:
    crop = np.zeros((160, 160, 3), np.uint8)
    assert in_shape(crop, (10, 10, 40, 50)).shape == (213, 160, 3)
    assert in_shape(crop, (10, 10, 50, 40)).shape == (160, 213, 3)
    assert in_shape(crop, (10, 10, 10, 50)).shape == (640, 160, 3), "a box without area is no failure"
