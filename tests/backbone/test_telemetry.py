"""Nothing is reported to anybody: ONNX Runtime does by default."""

import os
import subprocess
import sys
from pathlib import Path


def test_loading_onnx_runtime_leaves_no_device_id_and_no_events_to_send(tmp_path: Path) -> None:
    """Its reporter begins with these files in the home folder. CI switches it off by itself: hence no CI here."""
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    homes = dict.fromkeys(("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"), str(tmp_path))
    code = "import core.backbone.session; import onnxruntime; onnxruntime.get_available_providers()"
    environment = {**environment, **homes, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert not list(tmp_path.rglob("*"))
