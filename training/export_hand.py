"""Writes the trained network as ONNX, node by node: small, deterministic, any spatial size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from hand_network import HandNetwork
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

OPSET = 13
IR_VERSION = 8


def export(network: HandNetwork, path: Path, metadata: dict[str, str]) -> None:
    """Write ``network`` with its batch normalisations folded, and ``metadata`` beside it."""
    nodes, weights = [*_mirror("map", "mirror")], [_constants()]
    nodes.append(helper.make_node("Concat", ["map", "mirror"], ["both"], axis=0))
    name = "both"
    for i, (kernel, bias, stride, active) in enumerate(_folded(network)):
        weights.append([_tensor(f"w{i}", kernel), _tensor(f"b{i}", bias)])
        out = f"conv{i}"
        nodes.append(
            helper.make_node("Conv", [name, f"w{i}", f"b{i}"], [out], strides=[stride] * 3)
        )
        name = out
        if active:
            nodes.append(helper.make_node("Relu", [out], [f"relu{i}"]))
            name = f"relu{i}"
    nodes += [
        helper.make_node("Split", [name, "halves"], ["plain", "reflected"], axis=0),
        *_mirror("reflected", "back"),
        helper.make_node("Sub", ["plain", "back"], ["difference"]),
        helper.make_node("Add", ["plain", "back"], ["sum"]),
        helper.make_node("Slice", ["difference", "zero", "one", "channel"], ["hand"]),
        helper.make_node("Slice", ["sum", "one", "two", "channel"], ["helix"]),
    ]
    graph = helper.make_graph(
        nodes,
        "hand",
        [helper.make_tensor_value_info("map", TensorProto.FLOAT, [1, 1, "z", "y", "x"])],
        [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, "oz", "oy", "ox"])
            for n in ("hand", "helix")
        ],
        [tensor for group in weights for tensor in group],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _constants() -> list[TensorProto]:
    values = {
        "last": [-1],
        "beyond": [-(2**31)],
        "x_axis": [4],
        "backwards": [-1],
        "zero": [0],
        "one": [1],
        "two": [2],
        "channel": [1],
        "halves": [1, 1],
    }
    return [numpy_helper.from_array(np.array(v, np.int64), k) for k, v in values.items()]


def _mirror(source: str, target: str) -> list[onnx.NodeProto]:
    inputs = [source, "last", "beyond", "x_axis", "backwards"]
    return [helper.make_node("Slice", inputs, [target])]


def _tensor(name: str, values: NDArray[np.float32]) -> TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name)


def _folded(
    network: HandNetwork,
) -> list[tuple[NDArray[np.float32], NDArray[np.float32], int, bool]]:
    """Kernel, bias, stride and whether a ReLU follows, for every convolution."""
    layers = list(network.branch.layers)
    folded = []
    for i, layer in enumerate(layers):
        if not isinstance(layer, nn.Conv3d):
            continue
        kernel = layer.weight.detach().double()
        bias = torch.zeros(len(kernel)).double() if layer.bias is None else layer.bias.double()
        norm = layers[i + 1] if i + 1 < len(layers) else None
        if isinstance(norm, nn.BatchNorm3d):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().double()
            kernel = kernel * gain[:, None, None, None, None]
            bias = norm.bias.double() + (bias - norm.running_mean.double()) * gain
        folded.append(
            (
                kernel.numpy().astype(np.float32),
                bias.detach().numpy().astype(np.float32),
                int(layer.stride[0]),
                norm is not None,
            )
        )
    return folded
