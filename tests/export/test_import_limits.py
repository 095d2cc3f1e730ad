"""What is read of a stranger's bundle is limited before it is read."""

from pathlib import Path

import pytest

from core.errors import ArchiveError
from core.export.files import labels_json
from core.export.importing import _check_labels
from core.export.manifest import MAX_BYTES
from tests.export.test_card import manifest


def test_labels_that_fit_but_are_padded_to_fill_the_memory_are_refused(tmp_path: Path) -> None:
    about = manifest(("cats", "dogs"), 0.0)
    (tmp_path / "labels.json").write_text(labels_json(about), encoding="utf-8")
    _check_labels(tmp_path, about)
    (tmp_path / "labels.json").write_text(labels_json(about) + " " * MAX_BYTES, encoding="utf-8")
    with pytest.raises(ArchiveError, match=r"labels\.json"):
        _check_labels(tmp_path, about)
