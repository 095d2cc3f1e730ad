"""The rules of ARCHITECTURE.md, read off the sources: who may import whom."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
SOURCES = [PROJECT / "app.py", *(PROJECT / "core").rglob("*.py"), *(PROJECT / "pages").rglob("*.py")]
HEAVY = {"tensorflow", "keras", "tf2onnx"}
TENSORFLOW_SIDE = {"core.training.keras_model", "core.training.fine_tune_model", "core.export.keras_side"}
WORKER_SIDE = TENSORFLOW_SIDE | {
    f"core.training.{name}" for name in ("worker", "worker_process", "saving", "keras_save")
}


def name_of(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in SOURCES}


@cache
def imports(module: str) -> frozenset[str]:
    """Every module that `module` imports, wherever in the file; ours by their full name."""

    def found() -> Iterator[str]:
        for node in ast.walk(ast.parse(MODULES[module].read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{module} imports relatively"
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    yield full if full in MODULES else str(node.module)

    return frozenset(found())


def top(name: str) -> str:
    return name.split(".")[0]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_each_module_imports_only_what_its_layer_may(module: str) -> None:
    tops = {top(name) for name in imports(module)}
    if top(module) == "core":
        assert not tops & {"streamlit", "pages", "app"}
    if module.startswith("pages.ui"):
        assert not {name for name in imports(module) if top(name) == "pages" and not name.startswith("pages.ui")}
    if module not in TENSORFLOW_SIDE:
        assert not tops & HEAVY
    if module not in WORKER_SIDE:
        assert not imports(module) & WORKER_SIDE


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


def test_the_pages_load_what_takes_much_memory_only_when_it_is_asked_for() -> None:
    script = (
        "import importlib, pkgutil, sys, pages.ui\n"
        "for module in pkgutil.iter_modules(pages.ui.__path__, 'pages.ui.'): importlib.import_module(module.name)\n"
        "print(*sorted(sys.modules.keys() & {'tensorflow', 'numba', 'h5py', 'onnx', 'httpx'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_command_line_loads_what_only_some_commands_need_when_they_need_it() -> None:
    script = (
        "import sys, core.cli\n"
        "print(*sorted(sys.modules.keys() & {'onnxruntime', 'numba', 'h5py', 'onnx', 'httpx', 'core.datasets.faces'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
