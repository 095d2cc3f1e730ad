"""The trust report: what is wrong with a dataset, each row with its pictures, and what to leave out to mend it."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.csv_cells import guarded
from core.datasets.near import near_duplicates
from core.datasets.problems import PROBLEMS
from core.datasets.records import Dataset, ImageRecord
from core.errors import ConfigError
from core.progress import Progress, silent

IMBALANCE = 1.5  # largest over smallest class from which the balance is worth a sentence: 60 % against 40 %
REMOVABLE = ("leaks", "duplicates", "near_duplicates", "unreadable")

_GROUPED = {
    "duplicates": (
        "Exact duplicates",
        "Files with the same content. Each copy counts as a picture of its own, so the network trains more on it, and "
        "counts and scores look better founded than they are.",
    ),
    "near_duplicates": (
        "Near duplicates",
        "The same photo re-encoded, resized, cropped, mirrored or brightened. It adds nothing new to learn, and hides "
        "leaks that a comparison of files does not find.",
    ),
    "leaks": (
        "Leaks",
        "The same or nearly the same picture is in training and in validation or test. The network has seen the answer "
        "before it is examined, so its score is too good.",
    ),
    "label_conflicts": (
        "Label conflicts",
        "The same or nearly the same picture stands under two classes. At least one label is wrong, and whatever the "
        "network answers is counted as an error once.",
    ),
}


@dataclass(frozen=True)
class Row:
    """One line of the report.

    `records` are its pictures, each once, in the order of paths within a group. `groups` are the same records, put
    together where they show the same picture, and () in the rows about single files. `details` are a few words for each
    record: why it does not decode, how dark it is, or whether its group has the same bytes.
    """

    key: str
    title: str
    why: str
    records: tuple[ImageRecord, ...]
    details: tuple[str, ...]
    groups: tuple[tuple[ImageRecord, ...], ...] = ()

    @property
    def count(self) -> int:
        """Groups in a row of groups, else files."""
        return len(self.groups or self.records)


@dataclass(frozen=True)
class Report:
    """All rows, also those that found nothing: first `PROBLEMS`, then duplicates, near_duplicates, leaks and
    label_conflicts."""

    rows: tuple[Row, ...]

    def row(self, key: str) -> Row:
        """The row with this key.

        Raises:
            ConfigError: There is none.
        """
        for row in self.rows:
            if row.key == key:
                return row
        raise ConfigError(f"Received {key!r} for a row of the report", ", ".join(row.key for row in self.rows))


def make_report(dataset: Dataset, progress: Progress = silent) -> Report:
    """Looks for everything. Excluded files are out, and relabelled pictures count under their new label, so that the
    report shrinks as it is worked on.

    Args:
        progress: Told of the phases "compare" and "verify" of `near_duplicates`, unless that is remembered.

    Raises:
        Cancelled: From `progress`.
    """
    rows = []
    included = [record for record in dataset.records if not record.excluded]
    for problem in PROBLEMS:
        found = [(record, detail) for record in included if (detail := problem.detail(record))]
        records, details = (tuple(part) for part in zip(*found, strict=True)) if found else ((), ())
        rows.append(Row(problem.key, problem.title, problem.why, records, details))
    copies: dict[str, list[ImageRecord]] = defaultdict(list)
    for record in dataset.usable():
        copies[record.digest].append(record)
    near = []
    for members in near_duplicates(dataset, progress):
        digests = [record.digest for record in members if record.digest in copies]
        if len(digests) > 1:
            near.append(_by_path(record for digest in digests for record in copies[digest]))
    in_near = {record.digest for members in near for record in members}
    exact = [tuple(members) for members in copies.values() if len(members) > 1]
    same = near + [members for members in exact if members[0].digest not in in_near]
    found_groups = {
        "duplicates": exact,
        "near_duplicates": near,
        "leaks": [members for members in same if _leaks(members)],
        "label_conflicts": [members for members in same if len({record.label for record in members}) > 1],
    }
    rows += [_grouped(key, groups) for key, groups in found_groups.items()]
    return Report(tuple(rows))


def to_remove(report: Report, what: str) -> list[ImageRecord]:
    """The pictures to leave out so that a row of the report becomes empty, in the order of paths.

    leaks: the training copies. The validation and test sets stay what they were, so scores before and after can be
    compared, and they are small: a picture is missed less in training.

    duplicates, near_duplicates: all but one of each group. A test or validation copy is kept where there is one, for
    the same reason; then the largest; then the first path. Where the copies stand under different classes this settles
    for one of the labels: look at the label conflicts first.

    unreadable: unreadable and empty files.

    Args:
        report: Of the dataset as it is now.
        what: One of `REMOVABLE`.

    Raises:
        ConfigError: `what` is none of them.
    """
    if what not in REMOVABLE:
        raise ConfigError(f"Received {what!r} for what to remove", f"one of {', '.join(REMOVABLE)}")
    if what == "unreadable":
        return list(_by_path(report.row("unreadable").records + report.row("empty").records))
    row = report.row(what)
    if what == "leaks":
        return list(_by_path(record for record in row.records if record.split == "train"))
    kept = {min(members, key=_worth).path for members in row.groups}
    return list(_by_path(record for record in row.records if record.path not in kept))


def report_csv(report: Report) -> str:
    """The report as a table: problem, path, class, split, group (numbered from 1 within a problem) and detail.

    A file's name may be made to look like a formula, which a spreadsheet would run: such cells begin with an
    apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["problem", "path", "class", "split", "group", "detail"])
    for row in report.rows:
        number = {record.path: str(count) for count, group in enumerate(row.groups, 1) for record in group}
        for record, detail in zip(row.records, row.details, strict=True):
            cells = [row.key, record.path, record.label, record.split, number.get(record.path, ""), detail]
            writer.writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def balance_words(counts: Mapping[str, int]) -> str:
    """What the sizes of the classes mean for a score, "" when they are about the same.

    Args:
        counts: Pictures of each class, as in `Dataset.counts()["train"]`.

    Example:
        >>> balance_words({"cats": 500, "dogs": 1500})
        'dogs outnumber cats 3 to 1: accuracy alone will mislead'
    """
    words = []
    if empty := [label for label, count in counts.items() if count <= 0]:
        words.append(f"{_listed(empty)} {'have' if len(empty) > 1 else 'has'} no pictures: nothing can be learnt there")
    filled = {label: count for label, count in counts.items() if count > 0}
    if len(filled) > 1:
        largest, smallest = max(filled, key=filled.__getitem__), min(filled, key=filled.__getitem__)
        ratio = filled[largest] / filled[smallest]
        if ratio >= IMBALANCE:
            shown = f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}".removesuffix(".0")
            among = f", the largest of {len(filled)} classes," if len(filled) > 2 else ""
            words.append(f"{largest}{among} outnumber {smallest} {shown} to 1: accuracy alone will mislead")
    return "; ".join(words)


def validation_words(counts: Mapping[str, int]) -> str:
    """What a class without validation pictures means for a score, "" when every class has some.

    Args:
        counts: Pictures of each class, as in `Dataset.counts()["validation"]`.

    Example:
        >>> validation_words({"cats": 500, "dogs": 0})
        'dogs has no pictures: whether the network knows it will not be tested'
    """
    empty = [label for label, count in counts.items() if count <= 0]
    if len(empty) == len(counts):
        return "there are no pictures, and training needs some: add pictures to each class" if empty else ""
    if not empty:
        return ""
    have, it = ("have", "them") if len(empty) > 1 else ("has", "it")
    return f"{_listed(empty)} {have} no pictures: whether the network knows {it} will not be tested"


def _grouped(key: str, groups: Iterable[tuple[ImageRecord, ...]]) -> Row:
    title, why = _GROUPED[key]
    ordered = tuple(sorted(groups, key=lambda members: members[0].path))
    records: list[ImageRecord] = []
    details: list[str] = []
    for members in ordered:
        detail = "the same file" if len({record.digest for record in members}) == 1 else "nearly the same picture"
        records += members
        details += [detail] * len(members)
    return Row(key, title, why, tuple(records), tuple(details), ordered)


def _leaks(members: Iterable[ImageRecord]) -> bool:
    splits = {record.split for record in members}
    return "train" in splits and len(splits) > 1


def _worth(record: ImageRecord) -> tuple[int, int, str]:
    """Smallest for the copy to keep."""
    return {"test": 0, "validation": 1}.get(record.split, 2), -record.width * record.height, record.path


def _by_path(records: Iterable[ImageRecord]) -> tuple[ImageRecord, ...]:
    return tuple(sorted(records, key=lambda record: record.path))


def _cell(text: str) -> str:
    """Safe in a spreadsheet and in UTF-8, which has no room for the bytes of a name that is not UTF-8."""
    return guarded(text.encode("utf-8", "backslashreplace").decode())


def _listed(labels: list[str]) -> str:
    if len(labels) > 4:
        return f"{', '.join(labels[:3])} and {len(labels) - 3} more"
    return " and ".join(filter(None, [", ".join(labels[:-1]), labels[-1]]))
