"""Networks that the package ships: loaded only if they are the ones that it was tested with."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

from vrs_scipion.methods.engine import EngineUnavailableError


class WeightsError(RuntimeError):
    """A network's weights are not those that the package was tested with."""


def open_network(path: Path, sha256: str, threads: int, what: str) -> Any:
    """A network ready to run: an `onnxruntime.InferenceSession`.

    Parameters
    ----------
    path, sha256 : of the ONNX file
    threads : that onnxruntime may use
    what : the network's name for those who lack onnxruntime, e.g. 'resolution'

    Raises
    ------
    EngineUnavailableError
        if onnxruntime is not installed.
    WeightsError
        if the weights are missing or others than expected.
    """
    try:
        onnxruntime = import_module("onnxruntime")
    except ImportError as error:
        raise EngineUnavailableError(
            f"the built-in {what} network needs onnxruntime, which is not installed here; "
            "pip install onnxruntime"
        ) from error
    content = _verified(path, sha256)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _verified(path: Path, expected: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"the weights {path.name} cannot be read ({error.strerror}); install vrs_scipion again"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise WeightsError(
            f"the weights {path.name} are not those of this version (SHA-256 {found[:12]}…, not "
            f"{expected[:12]}…); install vrs_scipion again"
        )
    return content
