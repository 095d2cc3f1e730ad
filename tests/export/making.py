"""Bundles for tests: a quick one without TensorFlow, and one with some member changed."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.export.bundle import Measured, write_models, write_papers
from core.export.compare import Keras
from core.export.files import SUMS, write_sums, write_zip
from core.export.manifest import manifest_of
from core.export.samples import take_samples
from core.export.verification import Verified
from core.jobs.progress import silent
from core.runs.run import Run
from tests.trained import copied

NOT_RUN = Keras(None, "not asked in this test", None, None, "not asked in this test")


def write_bundle(run: Run, folder: Path, scratch: Path) -> None:
    """Everything that a bundle holds, as `make_bundle` writes it, without what needs TensorFlow."""
    for new in (folder, scratch):
        new.mkdir()
    manifest = manifest_of(run)
    samples = take_samples(run, scratch, silent)
    write_models(run, folder, manifest)
    write_papers(run, folder, manifest, Measured(samples, Verified(1e-8, 16, 11, samples.missing, NOT_RUN)))


def changed(folder: Path, target: Path, change: Callable[[Path], None], *, sums: bool = True) -> Path:
    """The bundle in `folder` as a zip, after `change` of a copy; `sums` brings the checksums up to date."""
    copy = target.with_suffix("")
    copy.mkdir()
    for path in folder.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    change(copy)
    if sums:
        (copy / SUMS).unlink(missing_ok=True)
        write_sums(copy)
    write_zip(copy, target)
    return target


def names_in(target: Path) -> set[str]:
    with zipfile.ZipFile(target) as archive:
        return set(archive.namelist())


def run_notebook(bundle: Path, scratch: Path, parameters: str) -> dict[str, Any]:
    """What the notebook in an unpacked bundle comes to, its cells run one after the other in a process of their own.

    Args:
        parameters: Code that stands behind the cell of the parameters, such as where the data are.
    """
    notebook = json.loads((bundle / "notebook.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    values = "accuracy=float(accuracy), missing=missing, low=LOW, high=HIGH, epochs=len(history.history['loss'])"
    program = scratch / "cells.py"
    report = f"import json; print(json.dumps(dict({values})))"
    program.write_text("\n\n".join([cells[0], parameters, *cells[1:], report]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program],
        cwd=bundle,
        env={
            **os.environ,
            "PYTHONPATH": str(bundle),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MPLBACKEND": "agg",
            "CUDA_VISIBLE_DEVICES": "",
        },
        capture_output=True,
        text=True,
        timeout=360,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


HOSTILE = ('</script><script>parent.pwned = 1</script>"$model', "<img src=x onerror=pwned=1>\u2028'\"]}<!--<script>")


def hostile_run(run: Run, home: Path) -> Run:
    """A copy of `run` whose name and classes are markup."""
    copy = copied(run, home)
    about = json.loads((copy.directory / "run.json").read_text(encoding="utf-8"))
    names = dict(zip(about["classes"], HOSTILE, strict=True))
    about["classes"] = list(names.values())
    about["counts"] = {
        split: {names[name]: count for name, count in counts.items()} for split, counts in about["counts"].items()
    }
    (copy.directory / "run.json").write_text(json.dumps(about), encoding="utf-8")
    return copy.rename("</title><script>pwned = 1</script><b>\"'&amp;", "")
