"""Images and parts in a bucket of a real server of S3 (moto's), on the loopback address."""

from pathlib import Path

import pytest

from core.cli import console
from core.cli.main import app
from core.storage.parts import PartsFolder
from core.storage.places import Place
from tests.drawing import image_bytes
from tests.scale.conftest import NEEDS_SERVER

pytestmark = NEEDS_SERVER


def test_a_bucket_is_read_and_written_as_a_folder_is(
    bucket: str, ready_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"train/{label}/{number} ü.jpg" for label in ("a", "b") for number in range(3)]
    contents = {name: image_bytes(seed) for seed, name in enumerate(names)} | {"train/a/bad.jpg": b"no image"}
    pets = Place(f"s3://museum/pets{bucket}")
    assert pets._files is not None
    pets._files.create_dir("museum")
    for name, content in contents.items():
        pets.write(name, content)
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(content)
    small = ["--image-size", "32", "--copies", "1"]
    far = ["features", pets.text, f"s3://museum/features{bucket}", *small]
    assert console.run(app, far) == 1  # of the file that is no image
    assert console.run(app, ["features", str(tmp_path / "pets"), str(tmp_path / "out"), *small]) == 1
    folders = (PartsFolder(f"s3://museum/features{bucket}"), PartsFolder(str(tmp_path / "out")))
    rows = [
        sorted(
            (row for key in folder.part_keys() for row in folder.read(key).to_pylist()),
            key=lambda row: (row["path"], row["copy"]),
        )
        for folder in folders
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 13
    capsys.readouterr()
    assert console.run(app, [*far, "--resume"]) == 1
    assert "7 were there already" in capsys.readouterr().out
    pets.write("train/b/9.jpg", image_bytes(9))
    assert console.run(app, [*far, "--resume"]) == 1
    assert sum(len(folders[0].read(key)) for key in folders[0].part_keys()) == 15


def test_what_a_bucket_refuses_is_one_line(bucket: str, ready_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert console.run(app, ["features", f"s3://nowhere/pets{bucket}", f"s3://museum/out{bucket}"]) in (1, 2)
    (line,) = capsys.readouterr().err.splitlines()
    assert len(line) < 600
