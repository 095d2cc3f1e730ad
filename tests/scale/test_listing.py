"""Files are found by folder, list and address: the same ones, in the same order, with the same label and split."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import ConfigError
from core.scale.listing import list_dataset
from core.scale.reading import read_items
from tests.drawing import write_images

ODD = {"train/a-b": 2, "train/a": 2, "train/ä ö%41": 2, "validation/a": 1, "test/a/deep.er": 1}


def test_an_address_lists_what_the_folder_does(tmp_path: Path) -> None:
    pets = write_images(tmp_path / "pets", ODD)
    (pets / "train" / "a" / ".hidden").write_bytes(b"")
    (pets / "train" / "a" / "what? #1.jpg").write_bytes(b"odd name")
    here, there = list(list_dataset(str(pets)).items), list(list_dataset(pets.as_uri()).items)
    assert [(item.path, item.split, item.label) for item in here] == [
        (item.path, item.split, item.label) for item in there
    ]
    assert [item.path for item in here] == sorted(item.path for item in here)
    assert read_items(here) == read_items(there)


def test_lists_name_files_from_where_they_lie(tmp_path: Path) -> None:
    pets = write_images(tmp_path / "pets", {"a": 2})
    (tmp_path / "list.txt").write_text(f"pets/a/1.jpg\n\n{pets}/a/0.jpg\n{pets.as_uri()}/a/0.jpg\n")
    contents = read_items(list(list_dataset(str(tmp_path / "list.txt")).items))
    first, second = (pets / "a" / "0.jpg").read_bytes(), (pets / "a" / "1.jpg").read_bytes()
    assert sorted(one for one in contents if isinstance(one, bytes)) == sorted([first, first, second])
    table = pa.table({"path": ["pets/a/0.jpg"], "label": ["cats"], "split": ["test"]})
    pq.write_table(table, tmp_path / "list.parquet")
    (item,) = list_dataset(str(tmp_path / "list.parquet")).items
    assert (item.label, item.split, Path(item.file).read_bytes()) == ("cats", "test", first)


def test_an_address_with_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as error:
        list_dataset("s3://AKIA:secret@bucket/pets")
    assert "secret" not in str(error.value)
