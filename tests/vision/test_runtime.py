"""Networks run the same in every runtime, where one is missing too; nothing is sent."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from facecluster.errors import RuntimeChoiceError
from facecluster.vision.runtime import choose, compile, network
from facecluster.vision.runtime.choose import full_precision
from facecluster.vision.runtime.compile import compile_module
from facecluster.vision.runtime.openvino_run import OpenVinoRun, share_processors, shares_processors
from tests.runtimes import WORKING, TwoHeads, batch, needs_openvino, run_apart

pytestmark = pytest.mark.usefixtures("no_runtime_from_outside")


@pytest.mark.parametrize("name", WORKING)
def test_every_runtime_gives_what_the_module_gives(name: str) -> None:
    module = TwoHeads().eval()
    compiled = compile_module(module, (2, 3, 12, 12), runtime=name)
    crops = batch(5, 3, 12, 12)
    with torch.inference_mode():
        expected = [output.numpy() for output in module(torch.from_numpy(crops))]
    given = compiled(crops)
    assert compiled.name == full_precision(name, exact=False)
    assert [output.dtype for output in given] == [np.float32, np.float32]
    exact = compiled.name in ("eager", "openvino-f32", "mps")
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

    doubled, first = network.CompiledModule("stand-in", double).in_batches(batch(count, 3), (8, 4, 2))
    np.testing.assert_array_equal(doubled, 2 * batch(count, 3))
    np.testing.assert_array_equal(first, batch(count, 3)[:, 0])
    assert set(seen) <= {8, 4, 2}


# --- OpenVINO ------------------------------------------------------------------------------------------------------


@needs_openvino
def test_threads_that_share_processors_keep_to_their_own_and_others_take_all() -> None:
    run = compile_module(TwoHeads(), (2, 3, 12, 12), runtime="openvino-f32")._run
    assert isinstance(run, OpenVinoRun)
    crops = batch(4, 3, 12, 12)
    alone = run(crops)[1]
    with ThreadPoolExecutor(3, initializer=share_processors) as threads:
        assert all(threads.map(lambda _: shares_processors(), range(3)))
        answers = list(threads.map(lambda _: run(crops)[1], range(12)))
    assert not shares_processors()
    np.testing.assert_allclose(answers, np.stack([alone] * 12), atol=1e-5)
    assert 1 <= run._idle.qsize() <= 3  # the threads' requests wait for the next ones; the wide one is back as well
    assert run._wide.qsize() == 1


@needs_openvino
def test_a_process_may_begin_with_calls_from_several_threads_at_once(tmp_path: Path) -> None:
    code = """
import sys, threading
import numpy as np
from torch import nn
from facecluster.vision.runtime.compile import compile_module
compiled = [compile_module(nn.Flatten(), (1, 2, 2), runtime="openvino-f32") for _ in range(4)]
sys.setswitchinterval(1e-6)
barrier = threading.Barrier(4)
def run(network):
    barrier.wait()
    network(np.ones((1, 2, 2), np.float32))
threads = [threading.Thread(target=run, daemon=True, args=(network,)) for network in compiled]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("all answered")
"""
    assert run_apart(code, tmp_path).strip() == "all answered"


def refuse(*_: Any) -> Any:
    raise RuntimeError("unknown operation")


@needs_openvino
def test_a_network_that_openvino_cannot_take_runs_in_eager_torch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(choose, "_cuda_works", lambda: False)
    monkeypatch.setattr(compile, "converted", refuse)
    compiled = compile_module(nn.Flatten(), (1, 2, 2))
    assert compiled.name == "eager"
    assert compiled(np.ones((1, 2, 2), np.float32))[0].tolist() == [[1.0] * 4]
    assert "unknown operation" in caplog.text
    with pytest.raises(RuntimeChoiceError, match="openvino-f32 cannot run a network"):
        compile_module(nn.Flatten(), (1, 2, 2), runtime="openvino-f32")
    monkeypatch.setenv(choose.ENVIRONMENT_VARIABLE, "openvino-f32")
    with pytest.raises(RuntimeChoiceError, match="openvino-f32 cannot run a network"):
        compile_module(nn.Flatten(), (1, 2, 2))


@needs_openvino
def test_openvino_reports_nothing_to_its_maker(tmp_path: Path) -> None:
    code = """
import socket, sys, threading, urllib.request
def refuse(*args, **kwargs):
    print("NETWORK", args)
    raise OSError("no network in this test")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = urllib.request.urlopen = refuse
from torch import nn
from facecluster.vision.runtime.compile import compile_module
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
from facecluster.vision.runtime import choose
from facecluster.vision.detection import FaceDetector
from facecluster.errors import RuntimeChoiceError
choose._cuda_works = choose._mps_works = lambda: False
detector = FaceDetector()
print(detector.detect(np.full((90, 120, 3), 128, np.uint8)), detector.runtime)
try:
    choose.choose_runtime("openvino")
except RuntimeChoiceError as error:
    print(error)
"""
    assert run_apart(code, tmp_path).splitlines() == [
        "[] eager",
        "The runtime 'openvino' does not work on this machine: choose auto, eager.",
    ]
