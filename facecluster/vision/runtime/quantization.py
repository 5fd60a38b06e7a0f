"""Eight-bit integers for the layers of a network that tolerate them: they multiply almost twice as fast as floats.

Activations become unsigned integers with one scale per layer, weights signed ones with one scale per output channel, as
in Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018.
How large activations get, and by how much rounding shifts a channel on average, is found out on examples; whether the
result is near enough to the network, on other examples. Shifts are taken off again: Nagel et al., "Data-Free
Quantization Through Weight Equalization and Bias Correction", 2019.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from facecluster.vision.runtime.openvino_library import openvino

FORM = 2  # raised when the same network would be put into integers differently
LEAST_COSINE = 0.999  # between the outputs of the network and of its quantised form, for every example
_CHECKED = 4  # one example in so many is for checking
_BATCH = 8
# Activations may get so many times larger than on the examples before they are cut off. On photos, some layers reach
# half as much again as on drawn people; more room costs precision.
_HEADROOM = 1.5
# Weights take seven bits. Processors without VNNI add two products of eight-bit numbers in 16 bits, which would
# saturate: 2 * 255 * 127 is too much, 2 * 255 * 64 is not.
_LARGEST_WEIGHT = 64

logger = logging.getLogger(__name__)


def quantise(model: Any, examples: np.ndarray, exact_first: int) -> Any:
    """An OpenVINO `model` with all convolutions but the first `exact_first` in integers; itself where that is far off.

    `examples` (n, ...) float32 are inputs of the kind that it will get, of different people. A quarter of them takes no
    part in finding scales: each of these must end in a vector with a cosine of at least LEAST_COSINE to the model's.
    """
    check = np.arange(len(examples)) % _CHECKED == 0
    smaller = model.clone()
    ranges = _ranges_of_inputs(smaller, examples[~check])
    rounded = _rounded(smaller, ranges, exact_first)
    _put_in(rounded, _mean_errors(smaller, rounded, examples[~check]))
    smaller.validate_nodes_and_infer_types()
    cosine = _smallest_cosine(_outputs(model, examples[check]), _outputs(smaller, examples[check]))
    if cosine >= LEAST_COSINE:
        return smaller
    logger.info("A network stays in floats: in integers a face's cosine to it would be %.4f", cosine)
    return model


def is_quantised(model: Any) -> bool:
    """Whether an OpenVINO model multiplies integers."""
    return any(operation.get_type_name() == "FakeQuantize" for operation in model.get_ops())


def _convolutions(model: Any) -> list[Any]:
    return [operation for operation in model.get_ordered_ops() if operation.get_type_name() == "Convolution"]


def _ranges_of_inputs(model: Any, examples: np.ndarray) -> list[tuple[float, float]]:
    """The smallest and the largest number that enters each convolution."""
    ops = openvino().opset13
    inputs = [convolution.input_value(0) for convolution in _convolutions(model)]
    axes = ops.constant(np.arange(4))
    ends = [reduce(value, axes, False) for value in inputs for reduce in (ops.reduce_min, ops.reduce_max)]
    watched = openvino().Model([ops.result(end) for end in ends], model.get_parameters())
    found = np.array([np.ravel(answer) for answer in _answers(watched, examples)])
    return list(zip(found[:, ::2].min(axis=0).tolist(), found[:, 1::2].max(axis=0).tolist(), strict=True))


@dataclass(frozen=True)
class _Rounded:
    """A convolution, what it gets instead when integers are multiplied, and the inputs of others that it goes to."""

    convolution: Any
    activations: Any
    weights: Any
    goes_to: tuple[Any, ...]


def _rounded(model: Any, ranges: list[tuple[float, float]], exact_first: int) -> list[_Rounded]:
    """What OpenVINO's plugins take for integer arithmetic: activations and weights that are quantised and rounded."""
    ops = openvino().opset13
    found = []
    activations: dict[tuple[str, int], Any] = {}  # branches that begin with the same numbers share them
    for convolution, (low, high) in list(zip(_convolutions(model), ranges, strict=True))[exact_first:]:
        source = convolution.input_value(0)
        place = (source.get_node().get_friendly_name(), source.get_index())
        if place not in activations:
            ends = [np.full((1, 1, 1, 1), end * _HEADROOM, np.float32) for end in (min(low, 0.0), max(high, 1e-6))]
            activations[place] = ops.fake_quantize(source, *ends, *ends, 256)
        weights = convolution.input_value(1).get_node().get_data()
        scale = np.abs(weights).max(axis=(1, 2, 3), keepdims=True).clip(1e-12) / np.float32(_LARGEST_WEIGHT)
        integers = ops.convert(ops.constant(np.round(weights / scale).astype(np.int8)), np.float32)
        weights = ops.multiply(integers, ops.constant(scale))
        goes_to = tuple(convolution.output(0).get_target_inputs())
        found.append(_Rounded(convolution, activations[place], weights, goes_to))
    return found


def _mean_errors(model: Any, rounded: Sequence[_Rounded], examples: np.ndarray) -> list[np.ndarray]:
    """By how much rounding one convolution alone raises its outputs on average: (1, channels, 1, 1) for each."""
    ops = openvino().opset13
    errors = []
    for each in rounded:
        settings = each.convolution.get_attributes()
        names = ("strides", "pads_begin", "pads_end", "dilations")
        again = ops.convolution(each.activations, each.weights, *(settings[name] for name in names))
        error = ops.subtract(again, each.convolution)
        errors.append(ops.result(ops.reduce_mean(error, ops.constant(np.array([0, 2, 3])), True)))
    watched = openvino().Model(errors, model.get_parameters())
    return [np.mean(batches, axis=0) for batches in zip(*_answers(watched, examples), strict=True)]


def _put_in(rounded: Sequence[_Rounded], errors: Sequence[np.ndarray]) -> None:
    """Changes the model: rounded numbers go into the convolutions, and what that shifts them by is taken off."""
    ops = openvino().opset13
    for each, error in zip(rounded, errors, strict=True):
        each.convolution.input(0).replace_source_output(each.activations.output(0))
        each.convolution.input(1).replace_source_output(each.weights.output(0))
        corrected = ops.subtract(each.convolution, ops.constant(error))
        for place in each.goes_to:
            place.replace_source_output(corrected.output(0))


def _answers(model: Any, examples: np.ndarray) -> list[list[np.ndarray]]:
    """All outputs for each batch of examples."""
    request = openvino().Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    batches = [examples[start : start + _BATCH] for start in range(0, len(examples), _BATCH)]
    return [[np.array(output) for output in request.infer({0: batch}).values()] for batch in batches]


def _outputs(model: Any, examples: np.ndarray) -> np.ndarray:
    return np.concatenate([answer[0] for answer in _answers(model, examples)])


def _smallest_cosine(one: np.ndarray, other: np.ndarray) -> float:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / lengths).min())
