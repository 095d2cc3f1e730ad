"""ONNX Runtime sessions as Pawlab uses them: quiet, on the CPU, with a fixed number of threads."""

from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InputError

if TYPE_CHECKING:
    import onnxruntime


def open_session(model: Path | bytes, threads: int) -> "onnxruntime.InferenceSession":
    """A session on `model`.

    Args:
        model: A file or its bytes.
        threads: Cores that one call of `run` may use. Give 1 where several threads call `run` at once: on a small
            network, images side by side scale better than one image on many cores.

    Raises:
        InputError: The model does not load.
    """
    import onnxruntime  # here because most commands open no model

    onnxruntime.disable_telemetry_events()  # which only builds for Windows send
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            str(model) if isinstance(model, Path) else model, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's exceptions share no base class below Exception
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"The model does not load: {reason}", "an ONNX model that Pawlab wrote") from error
