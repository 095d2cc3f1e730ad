"""Names of classes: which may become folders, and which mean the same class."""

from collections.abc import Iterable, Sequence

from core.errors import DatasetError
from core.text.file_names import FORBIDDEN, file_name, folded
from core.text.lines import quoted

CLASS_BYTES = 200  # in UTF-8, of a folder
CLASS_CHARACTERS = 100


def check_class_name(name: str, classes: Iterable[str]) -> None:
    """Checks that images may be relabelled as `name`: one of `classes`, or a new name that can become a folder.

    Raises:
        DatasetError: It is too long, differs from a class only in case, or is not its own `file_name`.
    """
    classes = sorted(classes)
    if name in classes:
        return
    known = ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
    expected = (
        f"one of {known}, or a new name of 1 to {CLASS_CHARACTERS} characters, without {' '.join(FORBIDDEN)}, not "
        "hidden, and not a name that Windows reserves"
    )
    shown = quoted(name, CLASS_CHARACTERS)
    for other in classes:
        if folded(other) == folded(name):
            raise DatasetError(f"Received {shown} as a class beside {other!r}", expected, f"Write it as {other!r}")
    proposal = file_name(name[:CLASS_CHARACTERS], CLASS_BYTES)
    if name != proposal:
        raise DatasetError(f"Received {shown} as a class", expected, f"For example: {proposal!r}")


def match_classes(found: Iterable[str], known: Sequence[str]) -> dict[str, int]:
    """Which of the `known` classes each found one is, as {found name: its place in `known`}: the one of the same name,
    else the only one that differs in case alone. Others are left out.

    Example:
        >>> match_classes(["Cats", "dogs", "birds"], ["cats", "dogs"])
        {'Cats': 0, 'dogs': 1}
    """
    places = {name: place for place, name in enumerate(known)}
    by_case: dict[str, list[int]] = {}
    for place, name in enumerate(known):
        by_case.setdefault(folded(name), []).append(place)
    matched = {}
    for name in found:
        alike = by_case.get(folded(name), [])
        if name in places or len(alike) == 1:
            matched[name] = places.get(name, alike[0])
    return matched
