"""Pawlab's core: everything that happens, without a page. No Streamlit here; TensorFlow only in `core.training`."""

import os

# ONNX Runtime reports its use to its makers unless it is told not to before it is loaded (since 1.29, on Linux too).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
