"""What a call must be able to say for itself: no bare True or False in it, and no more arguments than one remembers."""

import ast
import re
from collections.abc import Iterator

from core.jobs.process import PROJECT

SOURCES = [PROJECT / "app.py", *(PROJECT / "core").rglob("*.py"), *(PROJECT / "pages").rglob("*.py")]
COMMANDS = set(re.findall(r"^app\.\w+\(.*\)\((\w+)\)$", (PROJECT / "core/cli/main.py").read_text(), re.MULTILINE))
MOST_PARAMETERS = 7
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    """Every function with its place, apart from commands, whose options a user names, and what numba compiles."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_command = path.parent.name == "cli" and getattr(node, "name", "") in COMMANDS
            if isinstance(node, Function) and not is_command and not is_exempt_by_decorator(node):
                yield f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}", node


def is_exempt_by_decorator(function: Function) -> bool:
    """True for what numba compiles, which takes arrays only, and for a command of Typer's."""
    decorators = [node.func if isinstance(node, ast.Call) else node for node in function.decorator_list]
    return any(isinstance(node, ast.Attribute) and node.attr in ("command", "njit") for node in decorators)


def positional(function: Function) -> list[tuple[ast.arg, ast.expr | None]]:
    """The parameters that a call may fill by place, each with its default."""
    parameters = [*function.args.posonlyargs, *function.args.args]
    defaults = [None] * (len(parameters) - len(function.args.defaults)) + list(function.args.defaults)
    return list(zip(parameters, defaults, strict=True))


def is_boolean(parameter: ast.arg, default: ast.expr | None) -> bool:
    annotation = ast.unparse(parameter.annotation) if parameter.annotation else ""
    is_default = isinstance(default, ast.Constant) and isinstance(default.value, bool)
    return is_default or annotation in ("bool", "bool | None", "None | bool")


def test_a_boolean_is_passed_by_its_name() -> None:
    places = [
        f"{place}({parameter.arg})"
        for place, function in functions()
        for parameter, default in positional(function)
        if is_boolean(parameter, default)
    ]
    assert places == []


def test_no_function_has_more_parameters_than_seven() -> None:
    places = []
    for place, function in functions():
        names = [parameter.arg for parameter, _ in positional(function)]
        number = len(names) + len(function.args.kwonlyargs) - (names[:1] in (["self"], ["cls"]))
        if number > MOST_PARAMETERS:
            places.append(f"{place}: {number}")
    assert places == []
