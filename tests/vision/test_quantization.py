"""Integers take the place of floats where they end in the same direction, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from facecluster.vision.runtime import model_cache, openvino_models, quantization
from facecluster.vision.runtime.compile import compile_recipes
from facecluster.vision.runtime.network import Recipe
from tests.runtimes import WORKING, batch, needs_openvino

pytestmark = [pytest.mark.usefixtures("no_runtime_from_outside"), needs_openvino]
needs_integers = pytest.mark.skipif("openvino-int8" not in WORKING, reason="no 8-bit integers on this processor")


class Features(nn.Module):
    """Four convolutions, two of them beside each other on the same numbers, that end in a vector."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU())
        self.left, self.right = nn.Conv2d(16, 16, 3), nn.Conv2d(16, 16, 3)
        self.last = nn.Conv2d(32, 32, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = torch.cat([torch.relu(self.left(x)), torch.relu(self.right(x))], dim=1)
        return self.last(x).mean(dim=(2, 3))


def features() -> Features:
    return Features()


def examples() -> np.ndarray:
    return batch(40, 3, 12, 12)


def recipe(**changes: Any) -> Recipe:
    fields: dict[str, Any] = {
        "name": "Features",
        "version": "1",
        "module": __name__,
        "function": "features",
        "arguments": (),
        "input_shape": (2, 3, 12, 12),
        "examples": (__name__, "examples"),
        "exact_first": 1,
    }
    return Recipe(**fields | changes)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that models are kept in, filled by this process."""
    monkeypatch.setattr(model_cache, "cache_folder", lambda: tmp_path / "models")
    monkeypatch.setattr(openvino_models, "_convert_apart", lambda wanted: None)
    return tmp_path / "models"


def directions(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def names_of_sources(model: Any) -> list[str]:
    """What feeds each convolution: `FakeQuantize` where its numbers become integers."""
    return [c.input_value(0).get_node().get_type_name() for c in quantization._convolutions(model)]


def quantise(given: np.ndarray, exact_first: int = 1) -> tuple[Any, Any]:
    model = openvino_models.converted(features().eval(), (2, 3, 12, 12), (0,))
    return model, quantization.quantise(model, given, exact_first)


def test_all_but_the_first_convolutions_multiply_integers() -> None:
    model, smaller = quantise(examples())
    assert names_of_sources(smaller)[0] == "Parameter"
    assert set(names_of_sources(smaller)[1:]) == {"FakeQuantize"}
    assert "FakeQuantize" not in names_of_sources(model)
    assert (quantization.is_quantised(model), quantization.is_quantised(smaller)) == (False, True)


def test_convolutions_on_the_same_numbers_share_their_integers() -> None:
    _, smaller = quantise(examples())
    kinds = [operation.get_type_name() for operation in smaller.get_ops()]
    assert (kinds.count("Convolution"), kinds.count("FakeQuantize")) == (4, 2)


def test_rounding_moves_no_output_on_average() -> None:
    model, smaller = quantise(examples())
    faces = batch(200, 3, 12, 12)
    moved = quantization._outputs(smaller, faces) - quantization._outputs(model, faces)
    assert np.abs(moved).min() > 0
    assert np.abs(moved.mean(axis=0)).max() < 2 * moved.std(axis=0).mean()  # over 5 times without the correction


def test_a_network_that_would_change_direction_stays_in_floats() -> None:
    given = examples()
    given[::4] *= 100  # those that are checked exceed by far what the scales were found on
    model, kept = quantise(given)
    assert kept is model


@needs_integers
def test_the_two_precisions_are_kept_beside_each_other_and_agree(cache: Path) -> None:
    faces = batch(9, 3, 12, 12)
    answers = {}
    for name in ("openvino-int8", "openvino-f32"):
        (compiled,) = compile_recipes([recipe()], runtime=name)
        assert compiled.name == name
        answers[name] = directions(compiled(faces)[0])
    assert (answers["openvino-int8"] * answers["openvino-f32"]).sum(axis=1).min() > 0.999
    assert not np.allclose(answers["openvino-int8"], answers["openvino-f32"], atol=1e-6)
    assert sorted(folder.name.partition("@")[0] for folder in cache.iterdir()) == ["Features", "Features-int8"]
    (again,) = compile_recipes([recipe(function="not_there")], runtime="openvino-int8")
    np.testing.assert_allclose(directions(again(faces)[0]), answers["openvino-int8"], atol=1e-6)


@needs_integers
def test_other_layers_in_integers_are_another_kept_network(cache: Path) -> None:
    faces = batch(4, 3, 12, 12)
    one, other = (compile_recipes([recipe(exact_first=n)], runtime="openvino-int8")[0](faces)[0] for n in (1, 3))
    assert not np.array_equal(one, other)
    assert len(list(cache.iterdir())) == 1  # the latest


@needs_integers
def test_a_network_without_examples_stays_in_floats_and_says_so() -> None:
    (compiled,) = compile_recipes([recipe(examples=())], runtime="openvino-int8")
    assert compiled.name == "openvino-f32"


def rarely_seen() -> np.ndarray:
    given = examples()
    given[::4] *= 100
    return given


@needs_integers
def test_the_name_tells_that_integers_were_refused() -> None:
    (compiled,) = compile_recipes([recipe(examples=(__name__, "rarely_seen"))], runtime="openvino-int8")
    assert compiled.name == "openvino-f32"
