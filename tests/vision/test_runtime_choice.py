"""A runtime is chosen and refused as documented."""

from __future__ import annotations

import ctypes
import platform
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from facecluster.errors import RuntimeChoiceError
from facecluster.vision.runtime import choose, torch_run
from facecluster.vision.runtime.choose import available_runtimes, choose_runtime
from facecluster.vision.runtime.compile import compile_module
from tests.runtimes import TwoHeads, batch

pytestmark = pytest.mark.usefixtures("no_runtime_from_outside")


def test_a_runtime_that_nobody_knows_is_refused_with_those_that_work() -> None:
    with pytest.raises(RuntimeChoiceError, match=r"^The runtime 'tpu' is not known: choose auto, .*eager\.$"):
        choose_runtime("tpu")


@pytest.mark.parametrize(
    ("capabilities", "machine", "names"),
    [
        (["FP32", "INT8", "BF16"], "x86_64", ("openvino-bf16", "openvino-int8", "openvino-f32")),
        (["FP32", "INT8"], "AMD64", ("openvino-int8", "openvino-f32")),
        (["FP32", "INT8"], "aarch64", ("openvino-f32",)),
        (["FP32"], "x86_64", ("openvino-f32",)),
    ],
)
def test_integers_are_for_x86_processors_that_have_them(
    monkeypatch: pytest.MonkeyPatch, capabilities: list[str], machine: str, names: tuple[str, ...]
) -> None:
    monkeypatch.setattr(choose, "_cuda_works", lambda: False)
    monkeypatch.setattr(choose, "_mps_works", lambda: False)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    stand_in_for_openvino(monkeypatch, [], capabilities)
    assert available_runtimes() == (*names, "eager")


def test_a_runtime_that_this_machine_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "_cuda_works", lambda: False)
    with pytest.raises(RuntimeChoiceError, match=r"^The runtime 'cuda' does not work on this machine: choose auto, "):
        compile_module(TwoHeads(), (2, 3, 12, 12), runtime="cuda")


def test_the_environment_chooses_and_an_argument_overrules_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choose.ENVIRONMENT_VARIABLE, "Eager")
    assert choose_runtime() == "eager"
    monkeypatch.setenv(choose.ENVIRONMENT_VARIABLE, "abacus")
    with pytest.raises(RuntimeChoiceError, match=r"^FACECLUSTER_RUNTIME 'abacus' is not known"):
        choose_runtime()
    assert choose_runtime("eager") == "eager"


@pytest.mark.parametrize(
    ("cuda", "mps", "openvino", "chosen"),
    [
        (True, False, ["openvino-f32"], "cuda"),
        (False, True, ["openvino-f32"], "mps"),
        (False, False, ["openvino-bf16", "openvino-f32"], "openvino-bf16"),
        (False, False, ["openvino-int8", "openvino-f32"], "openvino-int8"),
        (False, False, ["openvino-f32"], "openvino-f32"),
        (False, False, [], "eager"),
    ],
)
def test_auto_takes_the_best_that_works(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, openvino: list[str], chosen: str
) -> None:
    monkeypatch.setattr(choose, "_cuda_works", lambda: cuda)
    monkeypatch.setattr(choose, "_mps_works", lambda: mps)
    monkeypatch.setattr(choose, "_openvino_runtimes", lambda: openvino)
    assert choose_runtime() == chosen
    if openvino:
        assert choose_runtime("openvino") == openvino[0]


@pytest.mark.parametrize(
    ("driver", "device", "works"), [(False, True, False), (True, False, False), (True, True, True)]
)
def test_cuda_needs_a_driver_and_a_device(
    monkeypatch: pytest.MonkeyPatch, driver: bool, device: bool, works: bool
) -> None:
    def load(name: str) -> None:
        if not driver:
            raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: device)
    assert ("cuda" in available_runtimes()) == works


@pytest.mark.parametrize(("system", "machine", "works"), [("darwin", "arm64", True), ("darwin", "x86_64", False)])
def test_mps_is_for_apple_silicon(monkeypatch: pytest.MonkeyPatch, system: str, machine: str, works: bool) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert ("mps" in available_runtimes()) == works


@pytest.mark.parametrize(("name", "dtype"), [("cuda", torch.float16), ("mps", torch.float32)])
def test_devices_get_the_module_and_every_batch_in_their_precision(
    monkeypatch: pytest.MonkeyPatch, name: str, dtype: torch.dtype
) -> None:
    seen: list[torch.dtype] = []
    module = TwoHeads().eval()
    expected = compile_module(module, (2, 3, 12, 12), runtime="eager")(batch(5, 3, 12, 12))
    module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].dtype))
    monkeypatch.setattr(choose, "available_runtimes", lambda: (name, "eager"))
    monkeypatch.setattr(torch_run, "_device", lambda name: torch.device("cpu"))
    compiled = compile_module(module, (2, 3, 12, 12))
    given = compiled(batch(5, 3, 12, 12))
    assert (compiled.name, seen) == (name, [dtype])
    for output, wanted in zip(given, expected, strict=True):
        assert output.dtype == np.float32
        np.testing.assert_allclose(output, wanted, atol=1e-2)


def stand_in_for_openvino(
    monkeypatch: pytest.MonkeyPatch, settings: list[dict[str, str]], capabilities: list[str]
) -> None:
    """Has imports find what of OpenVINO a network meets, for a processor with these capabilities."""

    class Core:
        def get_property(self, device: str, name: str) -> list[str]:
            return capabilities if (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES") else []

        def compile_model(self, model: Any, device: str, config: dict[str, str]) -> Any:
            settings.append(config)
            infer = lambda inputs, share_inputs: {0: inputs[0] + 1}  # noqa: E731
            return SimpleNamespace(create_infer_request=lambda: SimpleNamespace(infer=infer))

    model = SimpleNamespace(outputs=[None], reshape=lambda shape: None)
    library = SimpleNamespace(Core=Core, Tensor=list, convert_model=lambda module, example_input: model)
    monkeypatch.setitem(sys.modules, "openvino", library)
    monkeypatch.setitem(sys.modules, "openvino.opset13", SimpleNamespace())


@pytest.mark.parametrize(
    ("asked", "capabilities", "name", "hint"),
    [
        ("auto", ["FP32", "BF16", "INT8"], "openvino-bf16", "bf16"),
        ("openvino-f32", ["FP32", "BF16", "INT8"], "openvino-f32", "f32"),
        ("openvino", ["FP32", "INT8"], "openvino-f32", "f32"),
    ],
)
def test_bfloat16_is_taken_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, asked: str, capabilities: list[str], name: str, hint: str
) -> None:
    settings: list[dict[str, str]] = []
    monkeypatch.setattr(choose, "_cuda_works", lambda: False)
    monkeypatch.setattr(choose, "_mps_works", lambda: False)
    stand_in_for_openvino(monkeypatch, settings, capabilities)
    compiled = compile_module(TwoHeads(), (2, 3, 12, 12), runtime=asked)
    assert compiled.name == name
    assert {setting["INFERENCE_PRECISION_HINT"] for setting in settings} == {hint}
    assert compiled(np.zeros((1, 2), np.float32))[0].tolist() == [[1.0, 1.0]]
