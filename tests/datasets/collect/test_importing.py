"""Many files into a class: each a burst of its own, each refused one with its reason."""

import pytest

from core.datasets.collect.importing import import_files
from core.errors import Cancelled, DatasetError
from tests.datasets.collect.pictures import contents, filled, picture


def test_files_are_kept_or_refused_with_a_reason() -> None:
    collection = filled({"cats": []})
    files = [(f"holiday/{seed}.jpg", picture(seed)) for seed in range(12)]
    files += [("notes.txt", b"hello"), ("Thumbs.db", b"x"), (".hidden/a.jpg", picture(50)), ("empty.png", b"")]
    steps: list[tuple[str, int, int]] = []
    result = import_files(collection, "cats", files, len(files), lambda *step: steps.append(step))
    assert contents(collection) == {"cats": {picture(seed) for seed in range(12)}}
    assert dict(result.refused).keys() == {"notes.txt", "empty.png"}
    assert "the file is empty" in dict(result.refused)["empty.png"]
    (card,) = collection.classes()
    assert (card.num_bursts, set(card.images)) == (12, set(result.paths))
    assert steps == [("import", number, len(files)) for number in range(15)]


def test_a_stopped_import_keeps_what_it_reported() -> None:
    collection = filled({"cats": []})

    def stop(phase: str, done: int, total: int) -> None:
        if done == 3:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        import_files(collection, "cats", [(f"{seed}.jpg", picture(seed)) for seed in range(60)], progress=stop)
    assert contents(collection)["cats"] >= {picture(seed) for seed in range(3)}
    assert collection.classes()[0].num_images < 60


def test_a_class_that_is_gone_stops_the_import() -> None:
    with pytest.raises(DatasetError, match="no class"):
        import_files(filled({}), "cats", [("a.jpg", picture(0))])
