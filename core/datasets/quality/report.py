"""The report on a dataset's quality: each problem with its images, and what to leave out to fix it."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.datasets.collect.bursts import burst_of
from core.datasets.quality.near_duplicates import near_duplicates
from core.datasets.quality.problems import PROBLEMS
from core.datasets.records import SPLITS, Dataset, ImageRecord
from core.errors import ConfigError
from core.jobs.progress import Progress, silent
from core.text.csv_cells import escape_cell

IMBALANCE = 1.5  # largest over smallest class from which the balance is worth a sentence: 60% to 40%
REMOVABLE = ("leaks", "duplicates", "near_duplicates", "unreadable")

_GROUPED = {
    "duplicates": (
        "Exact duplicates",
        "Files with identical content. The network trains more on a repeated image, and counts and scores look more "
        "reliable than they are.",
    ),
    "near_duplicates": (
        "Near duplicates",
        "The same photo re-encoded, resized, cropped, mirrored or brightened. It adds nothing new to learn, and it can "
        "be a leak that comparing files does not find.",
    ),
    "leaks": (
        "Leaks",
        "The same or nearly the same image, or one of the same burst, is in two of training, validation and test. A "
        "model is judged by an image that it was trained on or chosen by, so its scores are too high.",
    ),
    "label_conflicts": (
        "Label conflicts",
        "The same or nearly the same image has two different labels. At least one is wrong, so one of the two counts "
        "as an error whatever the model predicts.",
    ),
}


@dataclass(frozen=True)
class Row:
    """One problem in the report.

    Attributes:
        key: Never changes: filters, tests and the command line use it.
        records: The images that have it, each once, sorted by path within a group.
        details: A few words for each record: why it does not decode, how dark it is, or whether its group has the same
            bytes.
        groups: The same records, grouped by what they show; () for problems of single files.
    """

    key: str
    title: str
    why: str
    records: tuple[ImageRecord, ...]
    details: tuple[str, ...]
    groups: tuple[tuple[ImageRecord, ...], ...] = ()

    @property
    def count(self) -> int:
        """The number of groups if there are groups, else of files."""
        return len(self.groups or self.records)


@dataclass(frozen=True)
class Report:
    """All rows, including empty ones: first `PROBLEMS`, then duplicates, near_duplicates, leaks, label_conflicts."""

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
    """Looks for every problem. Leaves out excluded files and uses the labels after edits, so that the report shrinks as
    you work on it.

    Args:
        progress: Told of the phases "compare" and "verify" of `near_duplicates`, unless its result is cached.

    Raises:
        Cancelled: From `progress`.
    """
    rows = []
    included = [record for record in dataset.records if not record.excluded]
    for problem in PROBLEMS:
        details = {record: detail for record in included if (detail := problem.detail(record))}
        rows.append(Row(problem.key, problem.title, problem.why, tuple(details), tuple(details.values())))
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
    groups_by_key = {
        "duplicates": exact,
        "near_duplicates": [members for members in near if not _is_one_burst(members)],
        "leaks": _leaks(same, dataset.usable()),
        "label_conflicts": [members for members in same if len({record.label for record in members}) > 1],
    }
    rows += [_grouped(key, groups) for key, groups in groups_by_key.items()]
    return Report(tuple(rows))


def to_remove(report: Report, what: str) -> list[ImageRecord]:
    """The images to leave out so that a row of the report becomes empty, sorted by path.

    leaks: the copies outside the group's last split: of an image in training and in validation or test, the training
    copies; of one in validation and test, the validation copies. So test stays the same, and scores before and after
    are comparable; and training, the largest set, misses an image least.

    duplicates, near_duplicates: all but one of each group. It keeps a test or validation copy if there is one, for the
    same reason; else the largest; else the first path. If the copies have different labels, this picks one of them:
    look at the label conflicts first.

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
        last = [(members, max(SPLITS.index(record.split) for record in members)) for members in row.groups]
        return list(_by_path(r for members, split in last for r in members if SPLITS.index(r.split) < split))
    to_keep = {min(members, key=_worth).path for members in row.groups}
    return list(_by_path(record for record in row.records if record.path not in to_keep))


def report_csv(report: Report) -> str:
    """The report as CSV: problem, path, class, split, group (numbered from 1 within a problem) and detail.

    Cells that a spreadsheet would run as a formula begin with an apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["problem", "path", "class", "split", "group", "detail"])
    for row in report.rows:
        number = {record.path: str(count) for count, group in enumerate(row.groups, 1) for record in group}
        for record, detail in zip(row.records, row.details, strict=True):
            cells = [row.key, record.path, record.label, record.split, number.get(record.path, ""), detail]
            # UTF-8 has no room for the bytes of a name that is not UTF-8.
            writer.writerow([escape_cell(cell.encode("utf-8", "backslashreplace").decode()) for cell in cells])
    return text.getvalue()


def balance_words(counts: Mapping[str, int]) -> str:
    """What the class sizes mean for a score; "" if they are about the same.

    Args:
        counts: Images of each class, as in `Dataset.counts()["train"]`.

    Example:
        >>> balance_words({"cats": 500, "dogs": 1500})
        'dogs outnumber cats 3 to 1: accuracy alone will mislead'
    """
    words = []
    if empty := [label for label, count in counts.items() if count <= 0]:
        words.append(f"{_listed(empty)} {'have' if len(empty) > 1 else 'has'} no images and cannot be learned")
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
    """What a class without validation images means for a score; "" if every class has some.

    Args:
        counts: Images of each class, as in `Dataset.counts()["validation"]`.

    Example:
        >>> validation_words({"cats": 500, "dogs": 0})
        'dogs has no images, so it is not evaluated'
    """
    empty = [label for label, count in counts.items() if count <= 0]
    if len(empty) == len(counts):
        return "there are no images, but training needs some: add images to each class" if empty else ""
    if not empty:
        return ""
    words = "have no images, so they are not evaluated" if len(empty) > 1 else "has no images, so it is not evaluated"
    return f"{_listed(empty)} {words}"


def _grouped(key: str, groups: Iterable[tuple[ImageRecord, ...]]) -> Row:
    title, why = _GROUPED[key]
    ordered = tuple(sorted(groups, key=lambda members: members[0].path))
    records: list[ImageRecord] = []
    details: list[str] = []
    for members in ordered:
        detail = _detail(members)
        records += members
        details += [detail] * len(members)
    return Row(key, title, why, tuple(records), tuple(details), ordered)


def _leaks(same: Iterable[tuple[ImageRecord, ...]], usable: Iterable[ImageRecord]) -> list[tuple[ImageRecord, ...]]:
    """The groups that are in several splits: of images that are the same, and of bursts. Those that share an image are
    one."""
    bursts: dict[str, list[ImageRecord]] = defaultdict(list)
    for record in usable:
        bursts[burst_of(record.path)].append(record)
    bursts.pop("", None)
    leaks = [set(members) for members in same if _is_in_two_splits(members)]
    for members in filter(_is_in_two_splits, bursts.values()):
        leak = set(members).union(*(other for other in leaks if not other.isdisjoint(members)))
        leaks = [other for other in leaks if not other <= leak] + [leak]
    return [_by_path(leak) for leak in leaks]


def _is_in_two_splits(members: Iterable[ImageRecord]) -> bool:
    return len({record.split for record in members}) > 1


def _detail(members: Sequence[ImageRecord]) -> str:
    """What connects the images of a group."""
    if len({record.digest for record in members}) == 1:
        return "the same file"
    return "the same burst" if _is_one_burst(members) else "nearly the same image"


def _is_one_burst(members: Iterable[ImageRecord]) -> bool:
    """Its images are alike because they were recorded one after the other, and no split parts them."""
    bursts = {burst_of(record.path) for record in members}
    return len(bursts) == 1 and bursts != {""}


def _worth(record: ImageRecord) -> tuple[int, int, str]:
    """Sorts the copy to keep first."""
    return {"test": 0, "validation": 1}.get(record.split, 2), -record.width * record.height, record.path


def _by_path(records: Iterable[ImageRecord]) -> tuple[ImageRecord, ...]:
    return tuple(sorted(records, key=lambda record: record.path))


def _listed(labels: list[str]) -> str:
    if len(labels) > 4:
        return f"{', '.join(labels[:3])} and {len(labels) - 3} more"
    return " and ".join(filter(None, [", ".join(labels[:-1]), labels[-1]]))
