"""Pawlab's core: everything that happens, without a page.

No Streamlit here. TensorFlow is imported only in `core.training.keras` and `core.export.keras_side`, and those run in
processes of their own.
"""

import os

__version__ = "0.2.0"

# ONNX Runtime reports its use to its makers unless it is told not to before it is loaded (since 1.29, on Linux too).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
