"""A process of ours finds our packages from wherever the user stands, and takes nobody's folder for one of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.jobs.process import OPEN_FILES, PROJECT, module_command, module_environment


def test_a_module_of_ours_runs_where_the_user_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise SystemExit('the core of somebody else')")
    monkeypatch.chdir(tmp_path)
    command = module_command("core", "--help")
    done = subprocess.run(command, env=module_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "sample" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_class_that_reloads_does_not_use_up_what_the_server_may_open() -> None:
    """Streamlit needs some 400 files for all the sessions that it keeps; macOS begins with 256."""
    code = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (256, r.getrlimit(r.RLIMIT_NOFILE)[1]));"
    code += "import app; print(*r.getrlimit(r.RLIMIT_NOFILE))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    soft, hard = map(int, done.stdout.split())
    assert soft in (OPEN_FILES, hard)
