"""The documentation held to the code: commands parse, paths exist, links lead somewhere, dependencies have a reason."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from core import api
from core.cli.main import EXAMPLES, app
from core.jobs.process import PROJECT

TEXTS = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
COMMAND = re.compile(
    r"(?:^|`)\s*(?:\.venv/bin/|uvx --from \. )?(?:python -m core|pawlab) ([a-z-].*?)(?:`|$)", re.MULTILINE
)
PATH = re.compile(r"`((?:core|pages|docs|tests|benchmarks|\.ci|\.streamlit)/[\w./-]*)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
PACKAGE = re.compile(r"^[a-z][\w-]*", re.MULTILINE)


def ids(texts: list[Path]) -> list[str]:
    return [path.name for path in texts]


def commands_in(text: str) -> Iterator[list[str]]:
    """The words of each command, those of its continued lines too, without the brackets of what may be left out."""
    for line in COMMAND.findall(re.sub(r"\n {12,}", " ", text)):
        yield shlex.split(re.sub(r"[\[\]]|\.\.\.| #.*", " ", line))


def known_options() -> dict[str, set[str]]:
    """The options of each command, such as "train" or "runs delete"; those of `pawlab` itself under ""."""
    known: dict[str, set[str]] = {}

    def add(name: str, command: Any) -> None:
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        known[name] = options - {"--help"}
        for below, one in getattr(command, "commands", {}).items():
            add(f"{name} {below}".strip(), one)

    add("", typer.main.get_command(app))
    return known


def documented_options(file: Path) -> Iterator[tuple[str, set[str]]]:
    """Each command that a text shows, with the options that it shows."""
    known = known_options()
    for first, *words in commands_in(file.read_text()):
        name = "" if first.startswith("-") else first
        if words and f"{first} {words[0]}" in known:
            name = f"{first} {words[0]}"
        yield name, {word for word in (first, *words) if word.startswith("--")}


@pytest.mark.parametrize("file", TEXTS, ids=ids(TEXTS))
def test_every_command_has_its_options(file: Path) -> None:
    known = known_options()
    for name, options in documented_options(file):
        assert name in known, f"pawlab {name}"
        unknown = options - known[name] - {"--help"}
        assert not unknown, f"pawlab {name} has no {unknown}"


def test_the_command_line_is_documented_whole() -> None:
    documented: dict[str, set[str]] = {}
    for name, options in documented_options(PROJECT / "docs" / "command-line.md"):
        documented.setdefault(name, set()).update(options)
    assert documented == known_options()


def test_examples_in_the_help_have_their_options() -> None:
    examples = [example.split() for group in EXAMPLES.values() for example in group]
    for name, *words in examples:
        unknown = {word for word in words if word.startswith("--")} - known_options()[name]
        assert not unknown, f"{name} has no {unknown}"


@pytest.mark.parametrize("file", TEXTS, ids=ids(TEXTS))
def test_every_path_and_link_exists(file: Path) -> None:
    text = file.read_text()
    named = [PROJECT / path for path in PATH.findall(text) if not re.search(r"<|\*", path)]
    linked = [file.parent / path for path in LINK.findall(text)]
    assert [str(path) for path in (*named, *linked) if not path.exists()] == []


def test_every_package_has_a_line_in_the_tree() -> None:
    text = (PROJECT / "docs" / "code.md").read_text()
    packages = {path.parent.relative_to(PROJECT).as_posix() for path in (PROJECT / "core").rglob("__init__.py")}
    packages |= {
        path.parent.relative_to(PROJECT).as_posix() for path in (PROJECT / "pages" / "ui").rglob("__init__.py")
    }
    listed = set(re.findall(r"^\s*([\w./]+)/ {2,}", text, re.MULTILINE))
    assert packages <= listed, packages - listed
    assert [path for path in listed if not (PROJECT / path).is_dir()] == []


def test_every_dependency_has_a_reason() -> None:
    table = (PROJECT / "docs" / "dependencies.md").read_text()
    explained = re.findall(r"^\| (?!package )([a-z][\w-]+) \| \S", table, re.MULTILINE)
    files = [f"requirements{part}.in" for part in ("", "-dev", "-bench", "-ray", "-s3")]
    assert sorted(explained) == sorted(name for file in files for name in PACKAGE.findall((PROJECT / file).read_text()))


@pytest.mark.parametrize(
    "name", ["requirements", "requirements-dev", "requirements-bench", "requirements-ray", "requirements-s3"]
)
def test_every_locked_package_has_hashes_and_no_index(name: str) -> None:
    """What `pip install --require-hashes` takes from any index."""
    lock = (PROJECT / f"{name}.txt").read_text()
    entries = re.split(r"^(?=[a-z])", re.sub(r"^ *#.*\n", "", lock, flags=re.MULTILINE), flags=re.MULTILINE)[1:]
    assert all(re.match(r"[\w.-]+==\S+( ; [^\\]+)? \\\n", entry) and "--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|--index|--extra|--find", lock)
    asked = set(PACKAGE.findall((PROJECT / f"{name}.in").read_text()))
    assert asked <= {entry.split("==")[0] for entry in entries}


def test_the_api_is_documented_whole() -> None:
    text = (PROJECT / "docs" / "python-api.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(api.__all__)
    assert len(api.__all__) <= 10
