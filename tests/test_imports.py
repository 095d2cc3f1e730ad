"""Who may import whom, read off the sources."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from core.jobs.process import PROJECT

SOURCES = [
    PROJECT / "app.py",
    PROJECT / "pawlab.py",
    *(PROJECT / "core").rglob("*.py"),
    *(PROJECT / "pages").rglob("*.py"),
]
FLOORS = (  # from the ground up: a package imports only packages of the floors below its own
    ("core.text",),
    ("core.errors",),
    ("core.config", "core.charts"),
    ("core.jobs",),
    ("core.images",),
    ("core.storage",),
    ("core.net", "core.augmentation"),
    ("core.datasets",),
    ("core.backbone",),
    ("core.runs", "core.sessions"),
    ("core.training", "core.inference"),
    ("core.evaluation",),
    ("core.export", "core.instant", "core.scale"),
    ("core.advice", "core.bank"),
    ("core.project",),
    ("core.cli", "core.api", "pages"),
    ("core.__main__", "app"),
    ("pawlab",),
)
FLOOR = {package: number for number, packages in enumerate(FLOORS) for package in packages}
HEAVY = {"tensorflow", "keras", "tf2onnx"}
TENSORFLOW_SIDE = {
    "core.training.keras.model",
    "core.training.keras.fine_tune_model",
    "core.export.keras_side",
}
WORKER_SIDE = TENSORFLOW_SIDE | {
    "core.training.loop.worker",
    "core.training.loop.worker_process",
    "core.training.loop.saving",
    "core.training.keras.save",
}

DECODING_SIDE = {
    "core.images.serve",
    "core.datasets.scan.file",
    "core.images.isolated",
}
SQUARES = {"load_image", "load_images", "load_scanned_image", "load_views", "FeaturePlan"}
DECODES = {"load_image", "load_views", "decode_image", "inspect_image", "read_exif", "decode"}


def name_of(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in SOURCES}


@cache
def imports(module: str) -> frozenset[str]:
    """Every module that `module` imports, wherever in the file; ours by their full name."""

    def names() -> Iterator[str]:
        for node in ast.walk(ast.parse(MODULES[module].read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{module} imports relatively"
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    yield full if full in MODULES else str(node.module)

    return frozenset(names())


def top(name: str) -> str:
    return name.split(".")[0]


def package(name: str) -> str:
    return ".".join(name.split(".")[:2]) if top(name) == "core" else top(name)


def broken_rules(module: str) -> Iterator[str]:
    for name in sorted(imports(module)):
        below = FLOOR.get(package(name), -1) < FLOOR[package(module)]
        if not below and package(name) != package(module):
            yield f"{module} imports {name}, which does not lie below it"
        if top(module) == "core" and top(name) == "streamlit":
            yield f"{module} imports {name}: core knows no Streamlit"
        if module.startswith("pages.ui") and top(name) == "pages" and not name.startswith("pages.ui"):
            yield f"{module} imports the page {name}"
        if top(name) in HEAVY and module not in TENSORFLOW_SIDE:
            yield f"{module} imports {name} outside TensorFlow's side"
        if name in WORKER_SIDE and module not in WORKER_SIDE:
            yield f"{module} imports {name} of the worker's side"


def test_each_module_imports_only_what_lies_below_it() -> None:
    assert [broken for module in MODULES if module != "core" for broken in broken_rules(module)] == []


def test_only_processes_that_may_be_lost_decode() -> None:
    """Workers and training; everybody else has it done by `core.images.isolated`."""
    decoding = set()
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module in ("core.images.decode", "core.images"):
                decoding |= {module for alias in node.names if alias.name in DECODES}
    assert decoding == DECODING_SIDE


def test_who_makes_a_square_says_how_it_is_cropped() -> None:
    """Left out, it would be squeezed without a word, whatever the run's own crop is."""
    silent = []
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or ast.unparse(node.func).split(".")[-1] not in SQUARES:
                continue
            if "crop" not in {keyword.arg for keyword in node.keywords}:
                silent.append(f"{module}:{node.lineno}")
    assert silent == []


def test_nothing_lies_loose_in_core() -> None:
    loose = {path.stem for path in (PROJECT / "core").glob("*.py")}
    assert loose <= {"__init__", "__main__", "errors", "config", "charts", "api"}


def test_our_modules_import_each_other_without_a_cycle() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for name in imports(module) & MODULES.keys():
                visit(name, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())
    assert done == MODULES.keys()


def test_no_module_reads_pickles() -> None:
    for module in MODULES:
        assert "pickle" not in {top(name) for name in imports(module)}, module
        assert "allow_pickle=True" not in MODULES[module].read_text(), module


ALL_PAGES = (
    "import importlib, pkgutil, pages.ui\n"
    "for module in pkgutil.walk_packages(pages.ui.__path__, 'pages.ui.'): importlib.import_module(module.name)\n"
)


@pytest.mark.parametrize(
    ("script", "left_out"),
    [
        (ALL_PAGES, {"tensorflow", "numba", "h5py", "onnx", "httpx"}),
        ("import core.cli.main\n", {"onnxruntime", "numba", "h5py", "onnx", "httpx", "core.datasets.sample.faces"}),
    ],
    ids=["pages", "command line"],
)
def test_what_takes_much_memory_is_loaded_only_when_it_is_asked_for(script: str, left_out: set[str]) -> None:
    script += f"import sys; print(*sorted(sys.modules.keys() & {left_out}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
