"""A process of ours finds our packages from wherever the user stands, and takes nobody's folder for one of them."""

import subprocess
from pathlib import Path

import pytest

from core.jobs.process import module_command, module_environment


def test_a_module_of_ours_runs_where_the_user_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise SystemExit('the core of somebody else')")
    monkeypatch.chdir(tmp_path)
    command = module_command("core", "--help")
    done = subprocess.run(command, env=module_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "sample" in done.stdout
