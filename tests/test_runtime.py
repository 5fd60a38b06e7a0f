"""Networks run the same in every runtime; a runtime is chosen, refused and replaced as documented; nothing is sent."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from facecluster import model_cache, networks, runtime
from facecluster.errors import RuntimeChoiceError, WeightsError
from facecluster.networks import Recipe
from facecluster.runtime import available_runtimes, choose_runtime, compile_module, compile_recipes

ROOT = Path(__file__).resolve().parents[1]
WORKING = available_runtimes()
needs_openvino = pytest.mark.skipif("openvino-f32" not in WORKING, reason="OpenVINO does not work on this machine")


@pytest.fixture(autouse=True)
def no_choice_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(runtime.ENVIRONMENT_VARIABLE, raising=False)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that models are kept in."""
    monkeypatch.setattr(model_cache, "cache_folder", lambda: tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares tests that are not about it the seconds in which another process imports torch."""
    monkeypatch.setattr(runtime, "_convert_apart", lambda recipes: None)


class TwoHeads(nn.Module):
    """A small network of the kind MTCNN's are: convolution, PReLU, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.PReLU(8), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.left, self.right = nn.Linear(8, 2), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.body(x)
        return torch.softmax(self.left(features), dim=1), self.right(features)


def linear(name: str = "Linear", module: str = "torch.nn", function: str = "Linear") -> Recipe:
    return Recipe(name, "1", module, function, (4, 2), (3, 4))  # type: ignore[arg-type]


def batch(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("name", WORKING)
def test_every_runtime_gives_what_the_module_gives(name: str) -> None:
    module = TwoHeads().eval()
    compiled = compile_module(module, (2, 3, 12, 12), runtime=name)
    crops = batch(5, 3, 12, 12)
    with torch.inference_mode():
        expected = [output.numpy() for output in module(torch.from_numpy(crops))]
    given = compiled(crops)
    assert compiled.name == name
    assert [output.dtype for output in given] == [np.float32, np.float32]
    exact = name in ("eager", "openvino-f32", "mps")
    for output, wanted in zip(given, expected, strict=True):
        np.testing.assert_allclose(output, wanted, atol=1e-5 if exact else 2e-2)


@pytest.mark.parametrize("name", WORKING)
def test_a_network_with_one_output_gives_a_tuple_too(name: str) -> None:
    (given,) = compile_module(nn.Flatten(), (1, 2, 2), runtime=name)(np.ones((3, 2, 2), np.float32))
    assert given.tolist() == [[1.0] * 4] * 3


@pytest.mark.parametrize("name", WORKING)
def test_several_threads_at_once_get_what_one_gets(name: str) -> None:
    compiled = compile_module(TwoHeads(), (2, 3, 12, 12), runtime=name)
    crops = batch(40, 3, 12, 12)
    alone = compiled(crops)[1]
    barrier = threading.Barrier(4)

    def run(size: int) -> float:
        barrier.wait()
        return max(float(np.abs(compiled(crops[:size])[1] - alone[:size]).max()) for _ in range(20))

    with ThreadPoolExecutor(4) as threads:
        assert max(threads.map(run, (1, 7, 16, 40))) < (1e-5 if name != "openvino-bf16" else 2e-2)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 7, 8, 21])
def test_batches_of_fixed_sizes_give_every_item_once_and_in_order(count: int) -> None:
    seen = []

    def double(items: np.ndarray) -> tuple[np.ndarray, ...]:
        seen.append(len(items))
        return 2 * items, items[:, 0]

    doubled, first = networks.CompiledModule("stand-in", double).in_batches(batch(count, 3), (8, 4, 2))
    np.testing.assert_array_equal(doubled, 2 * batch(count, 3))
    np.testing.assert_array_equal(first, batch(count, 3)[:, 0])
    assert set(seen) <= {8, 4, 2}


# --- the choice ----------------------------------------------------------------------------------------------------


def test_a_runtime_that_nobody_knows_is_refused_with_those_that_work() -> None:
    with pytest.raises(RuntimeChoiceError, match=r"^The runtime 'tpu' is not known: choose auto, .*eager\.$"):
        choose_runtime("tpu")


def test_a_runtime_that_this_machine_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_cuda_works", lambda: False)
    with pytest.raises(RuntimeChoiceError, match=r"^The runtime 'cuda' does not work on this machine: choose auto, "):
        compile_module(TwoHeads(), (2, 3, 12, 12), runtime="cuda")


def test_the_environment_chooses_and_an_argument_overrules_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(runtime.ENVIRONMENT_VARIABLE, "Eager")
    assert choose_runtime() == "eager"
    monkeypatch.setenv(runtime.ENVIRONMENT_VARIABLE, "abacus")
    with pytest.raises(RuntimeChoiceError, match=r"^FACECLUSTER_RUNTIME 'abacus' is not known"):
        choose_runtime()
    assert choose_runtime("eager") == "eager"


@pytest.mark.parametrize(
    ("cuda", "mps", "openvino", "chosen"),
    [
        (True, False, ["openvino-f32"], "cuda"),
        (False, True, ["openvino-f32"], "mps"),
        (False, False, ["openvino-bf16", "openvino-f32"], "openvino-bf16"),
        (False, False, ["openvino-f32"], "openvino-f32"),
        (False, False, [], "eager"),
    ],
)
def test_auto_takes_the_best_that_works(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, openvino: list[str], chosen: str
) -> None:
    monkeypatch.setattr(runtime, "_cuda_works", lambda: cuda)
    monkeypatch.setattr(runtime, "_mps_works", lambda: mps)
    monkeypatch.setattr(runtime, "_openvino_runtimes", lambda: openvino)
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
    monkeypatch.setattr(runtime, "available_runtimes", lambda: (name, "eager"))
    monkeypatch.setattr(networks, "_device", lambda name: torch.device("cpu"))
    compiled = compile_module(module, (2, 3, 12, 12))
    given = compiled(batch(5, 3, 12, 12))
    assert (compiled.name, seen) == (name, [dtype])
    for output, wanted in zip(given, expected, strict=True):
        assert output.dtype == np.float32
        np.testing.assert_allclose(output, wanted, atol=1e-2)


def stand_in_for_openvino(settings: list[dict[str, str]], capabilities: list[str]) -> SimpleNamespace:
    """What of OpenVINO a network meets, for a processor with these capabilities."""

    class Core:
        def get_property(self, device: str, name: str) -> list[str]:
            return capabilities if (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES") else []

        def compile_model(self, model: Any, device: str, config: dict[str, str]) -> Any:
            settings.append(config)
            infer = lambda inputs, share_inputs: {0: inputs[0] + 1}  # noqa: E731
            return SimpleNamespace(create_infer_request=lambda: SimpleNamespace(infer=infer))

    model = SimpleNamespace(outputs=[None], reshape=lambda shape: None)
    return SimpleNamespace(Core=Core, convert_model=lambda module, example_input: model)


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
    monkeypatch.setattr(runtime, "_cuda_works", lambda: False)
    monkeypatch.setattr(runtime, "_mps_works", lambda: False)
    monkeypatch.setattr(runtime, "_openvino", lambda: stand_in_for_openvino(settings, capabilities))
    compiled = compile_module(TwoHeads(), (2, 3, 12, 12), runtime=asked)
    assert compiled.name == name
    assert {setting["INFERENCE_PRECISION_HINT"] for setting in settings} == {hint}
    assert compiled(np.zeros((1, 2), np.float32))[0].tolist() == [[1.0, 1.0]]


# --- OpenVINO ------------------------------------------------------------------------------------------------------


def refuse(*_: Any) -> Any:
    raise RuntimeError("unknown operation")


@needs_openvino
def test_a_network_that_openvino_cannot_take_runs_in_eager_torch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runtime, "_cuda_works", lambda: False)
    monkeypatch.setattr(runtime, "_converted", refuse)
    compiled = compile_module(nn.Flatten(), (1, 2, 2))
    assert compiled.name == "eager"
    assert compiled(np.ones((1, 2, 2), np.float32))[0].tolist() == [[1.0] * 4]
    assert "unknown operation" in caplog.text
    with pytest.raises(RuntimeChoiceError, match="openvino-f32 cannot run a network"):
        compile_module(nn.Flatten(), (1, 2, 2), runtime="openvino-f32")
    monkeypatch.setenv(runtime.ENVIRONMENT_VARIABLE, "openvino-f32")
    with pytest.raises(RuntimeChoiceError, match="openvino-f32 cannot run a network"):
        compile_module(nn.Flatten(), (1, 2, 2))


def run_apart(code: str, home: Path) -> str:
    """What a new Python process with an empty home prints."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(ROOT), "USERPROFILE": str(home)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=home, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_openvino
def test_openvino_reports_nothing_to_its_maker(tmp_path: Path) -> None:
    code = """
import socket, sys, threading, urllib.request
def refuse(*args, **kwargs):
    print("NETWORK", args)
    raise OSError("no network in this test")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = urllib.request.urlopen = refuse
from torch import nn
from facecluster.runtime import compile_module
threads = threading.active_count()
compile_module(nn.Linear(4, 2), (3, 4), runtime="openvino-f32")
import openvino.tools.ovc.main, openvino.tools.ovc.telemetry_utils as utils
print("TELEMETRY", utils.tm.__name__, [name for name, module in sys.modules.items()
      if name.startswith("openvino_telemetry") and module is not None])
"""
    printed = run_apart(code, tmp_path)
    assert printed.split("\n")[-2] == "TELEMETRY openvino.tools.ovc.telemetry_stub []"
    assert "NETWORK" not in printed
    assert list(tmp_path.iterdir()) == []


def test_the_package_works_where_openvino_cannot_be_imported(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["openvino"] = None
import numpy as np
from facecluster import runtime
from facecluster.detection import FaceDetector
from facecluster.errors import RuntimeChoiceError
runtime._cuda_works = runtime._mps_works = lambda: False
detector = FaceDetector()
print(detector.detect(np.full((90, 120, 3), 128, np.uint8)), detector.runtime)
try:
    runtime.choose_runtime("openvino")
except RuntimeChoiceError as error:
    print(error)
"""
    assert run_apart(code, tmp_path).splitlines() == [
        "[] eager",
        "The runtime 'openvino' does not work on this machine: choose auto, eager.",
    ]


# --- models that are kept ------------------------------------------------------------------------------------------


def answer(recipe: Recipe) -> list[list[float]]:
    (compiled,) = compile_recipes([recipe], runtime="openvino-f32")
    return compiled(np.ones((2, 4), np.float32))[0].tolist()


@needs_openvino
def test_the_next_process_needs_neither_network_nor_torch(cache: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from facecluster import model_cache, runtime
from facecluster.networks import Recipe
model_cache.cache_folder = lambda: Path({str(cache)!r})
import numpy as np
recipe = Recipe("Linear", "1", "a_module_that_is_not_there", "Linear", (4, 2), (3, 4))
print(runtime.compile_recipes([recipe], runtime="openvino-f32")[0](np.ones((2, 4), np.float32))[0].tolist())
print("torch" in sys.modules)
"""
    runtime._kept(linear())
    home = tmp_path / "home"
    home.mkdir()
    assert run_apart(code, home).splitlines() == [str(answer(linear())), "False"]


@needs_openvino
def test_networks_are_made_in_another_process_so_this_one_never_holds_torch(tmp_path: Path) -> None:
    code = """
import sys
import numpy as np
from facecluster import runtime
from facecluster.networks import Recipe
recipe = Recipe("Flatten", "1", "torch.nn", "Flatten", (), (3, 2, 2))
(compiled,) = runtime.compile_recipes([recipe], runtime="openvino-f32")
print(compiled(np.ones((1, 2, 2), np.float32))[0].tolist(), "torch" in sys.modules)
"""
    assert run_apart(code, tmp_path).strip() == "[[1.0, 1.0, 1.0, 1.0]] False"
    assert not (tmp_path / "intel").exists()  # where OpenVINO's telemetry keeps who it takes you for


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


@needs_openvino
@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: truncate(folder / "model.bin"),
        lambda folder: (folder / "model.xml").write_text("<net/>"),
        lambda folder: (folder / "sha256").unlink(),
        lambda folder: (folder / "model.bin").unlink(),
    ],
)
def test_a_damaged_model_is_made_again(cache: Path, damage: Callable[[Path], None]) -> None:
    before = answer(linear())
    (folder,) = cache.iterdir()
    damage(folder)
    made_again = answer(linear())
    assert before != made_again  # torch initialises every Linear differently
    assert answer(linear()) == made_again


@needs_openvino
@pytest.mark.usefixtures("in_this_process")
def test_without_a_place_to_keep_models_they_are_made_every_time(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert np.shape(answer(linear())) == (2, 2)


@needs_openvino
@pytest.mark.usefixtures("in_this_process")
def test_a_new_version_replaces_the_old_one_and_leaves_others_alone(cache: Path) -> None:
    for recipe in (linear(), linear("Other"), Recipe(**{**vars(linear()), "version": "2"})):
        answer(recipe)
    assert sorted(folder.name.partition("-")[0] for folder in cache.iterdir()) == ["Linear@2", "Other@1"]


@needs_openvino
def test_what_a_recipe_cannot_make_is_told_as_it_is(cache: Path) -> None:
    recipe = Recipe("Net", "1", "facecluster.weights", "load_weights", ("no-such-file.pt",), (1, 3, 160, 160))
    with pytest.raises(WeightsError, match=r"no-such-file\.pt"):
        compile_recipes([recipe], runtime="openvino-f32")
    assert not cache.exists() or list(cache.iterdir()) == []


def test_several_callers_are_known_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(runtime.time, "monotonic", lambda: now[0])
    callers = runtime._Callers()

    def someone_else() -> bool:
        with callers.enter() as several:
            return several

    assert not someone_else()
    with callers.enter(), callers.enter() as second:
        assert second
    now[0] += 0.5
    assert someone_else()
    now[0] += 2.0
    assert not someone_else()
