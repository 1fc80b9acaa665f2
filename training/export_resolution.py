"""Writes a trained resolution network as ONNX, node by node: small, deterministic, any box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from resolution_network import (
    BANKS,
    FAINTEST,
    OCTAVES,
    SAMPLED,
    SPACINGS,
    STRIDE,
    TRIMMED,
    WINDOWS,
    ResolutionNetwork,
    binomial,
)
from torch import Tensor, nn

OPSET = 13
IR_VERSION = 8
_QUANTILES_OF_STEPS = (
    (-1.0, -1.0, 1.0, 0.0, 0.0),
    (0.0, -1.0, 1.0, 0.0, 0.0),
    (0.0, 0.0, 1.0, 0.0, 0.0),
    (0.0, 0.0, 1.0, 1.0, 0.0),
    (0.0, 0.0, 1.0, 1.0, 1.0),
)
"""Quantiles as sums of the median and the steps between neighbours."""


class _Graph:
    """Nodes and constants, gathered in order."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def constant(self, name: str, values: Tensor) -> str:
        numbers = values.detach().numpy()
        kind = np.float32 if numbers.dtype.kind == "f" else np.int64
        contiguous = np.ascontiguousarray(numbers, kind).reshape(numbers.shape)
        self.weights.append(numpy_helper.from_array(contiguous, name))
        return name

    def add(self, kind: str, inputs: list[str], *outputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, list(outputs), **attributes))
        return outputs[0]

    def filtered(
        self, name: str, filters: tuple[NDArray[np.float32], ...], stride: int, target: str
    ) -> str:
        """Along one axis after the other."""
        channels = 1
        for axis, weight in zip((2, 1, 0), filters, strict=True):
            kernel = self.constant(f"{target}_{axis}_weights", torch.from_numpy(weight))
            name = self.add(
                "Conv",
                [name, kernel],
                f"{target}_{axis}",
                strides=[stride if a == axis else 1 for a in range(3)],
                group=channels // weight.shape[1],
            )
            channels = len(weight)
        return name

    def trimmed(self, name: str, border: int) -> str:
        if border == 0:
            return name
        first = self.constant(f"{name}_first", torch.tensor([border] * 3))
        last = self.constant(f"{name}_last", torch.tensor([-border] * 3))
        return self.add("Slice", [name, first, last, "axes"], f"{name}_trimmed")

    def pooled(self, name: str, octave: str, window: int) -> str:
        """Averages over a cube around every answer, axis by axis."""
        target = f"{name}_{window}"
        name = self.trimmed(name, (WINDOWS[octave][1] - window) // 2)
        for axis in range(3):
            name = self.add(
                "AveragePool",
                [name],
                f"{target}_{axis}",
                kernel_shape=[window if a == axis else 1 for a in range(3)],
                strides=[STRIDE // SPACINGS[octave] if a == axis else 1 for a in range(3)],
            )
        return name

    def logarithm(self, name: str, faintest: str) -> str:
        lit = self.add("Add", [name, faintest], f"{name}_lit")
        return self.add("Log", [lit], f"{name}_log")


def export(network: ResolutionNetwork, path: Path, metadata: dict[str, str]) -> None:
    """Write ``network`` and ``metadata`` beside it."""
    graph = _Graph()
    _perceptron(graph, network, _features(graph))
    whole = helper.make_graph(
        graph.nodes,
        "resolution",
        [helper.make_tensor_value_info("map", TensorProto.FLOAT, [1, 1, "z", "y", "x"])],
        [helper.make_tensor_value_info("quantiles", TensorProto.FLOAT, [1, 5, "oz", "oy", "ox"])],
        graph.weights,
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _features(graph: _Graph) -> str:
    """Statistics of the bands, as ``ResolutionNetwork.features``."""
    graph.constant("axes", torch.tensor([2, 3, 4]))
    graph.constant("faintest", torch.tensor(FAINTEST))
    graph.constant("faintest_square", torch.tensor(FAINTEST**2, dtype=torch.float32))
    graph.constant("two", torch.tensor(2.0))
    smooth = graph.filtered("map", binomial(), 2, "smooth")
    smoother = graph.filtered(smooth, binomial(), 2, "smoother")
    seen = {"fine": "map", "middle": smooth, "coarse": smoother}
    bands = [
        _statistics(graph, graph.filtered(seen[o], BANKS[o], SPACINGS[o] // SAMPLED[o], o), o)
        for o in OCTAVES
    ]
    return graph.add("Concat", bands, "features", axis=1)


def _statistics(graph: _Graph, bands: str, octave: str) -> str:
    """What the network sees of the bands of an octave."""
    small, large = WINDOWS[octave]
    bands = graph.trimmed(bands, TRIMMED[octave])
    squares = graph.add("Mul", [bands, bands], f"{octave}_squares")
    rectified = graph.add("Relu", [bands], f"{octave}_rectified")
    positive = graph.add("Mul", [rectified, bands], f"{octave}_positive")
    fourth = graph.add("Mul", [squares, squares], f"{octave}_fourth")
    near = graph.logarithm(graph.pooled(squares, octave, small), "faintest")
    energy = graph.logarithm(graph.pooled(squares, octave, large), "faintest")
    above = graph.logarithm(graph.pooled(positive, octave, large), "faintest")
    rare = graph.logarithm(graph.pooled(fourth, octave, large), "faintest_square")
    asymmetry = graph.add("Sub", [above, energy], f"{octave}_asymmetry")
    twice = graph.add("Mul", [energy, "two"], f"{octave}_twice")
    peakedness = graph.add("Sub", [rare, twice], f"{octave}_peakedness")
    return graph.add("Concat", [near, energy, asymmetry, peakedness], f"{octave}_all", axis=1)


def _perceptron(graph: _Graph, network: ResolutionNetwork, name: str) -> None:
    """The layers as convolutions of 1³, the first with the standardisation in it."""
    linear = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
    for i, layer in enumerate(linear):
        weight, bias = layer.weight.detach().double(), layer.bias.detach().double()
        if i == 0:
            weight = weight * network.scale
            bias = bias - weight @ network.centre.double()
        inputs = [
            name,
            graph.constant(f"w{i}", weight[:, :, None, None, None]),
            graph.constant(f"b{i}", bias),
        ]
        name = graph.add("Conv", inputs, f"layer{i}")
        if i + 1 < len(linear):
            name = graph.add("Relu", [name], f"active{i}")
    graph.constant("parts", torch.tensor([2, 1, 2]))
    graph.constant("steps", torch.tensor(_QUANTILES_OF_STEPS)[:, :, None, None, None])
    graph.add("Split", [name, "parts"], "below", "median", "above", axis=1)
    graph.add("Softplus", ["below"], "down")
    graph.add("Softplus", ["above"], "up")
    graph.add("Concat", ["down", "median", "up"], "all", axis=1)
    graph.add("Conv", ["all", "steps"], "quantiles")
