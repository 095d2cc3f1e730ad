"""Features on disk: what was stored comes back, what is damaged does not, and the file does not grow for ever."""

import hashlib
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.instant import stored_features
from core.instant.stored_features import BYTES, StoredFeatures, rounded
from tests.instant.drawn_features import feature


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def stored(numbers: range) -> StoredFeatures:
    store = StoredFeatures("0123456789abcdef", 160)
    for number in numbers:
        store.append({digest(number): feature(0, number)})
    return store


def test_what_was_stored_comes_back_as_a_model_of_today_has_it() -> None:
    stored(range(3))
    again = StoredFeatures("0123456789abcdef", 160)
    found = again.read([digest(1), digest(2), digest(9)])
    assert found.keys() == {digest(1), digest(2)}
    assert np.array_equal(found[digest(1)], rounded(feature(0, 1)))
    assert np.array_equal(rounded(found[digest(1)]), found[digest(1)])


def test_other_weights_sizes_and_lengths_have_features_of_their_own() -> None:
    stored(range(1))
    assert not StoredFeatures("0123456789abcdef", 224).read([digest(0)])
    assert not StoredFeatures("123456789abcdef0", 160).read([digest(0)])
    assert not StoredFeatures("0123456789abcdef", 160, unit=False).read([digest(0)])


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_a_damaged_record_is_dropped_and_the_others_stay(data: st.DataObject) -> None:
    store = StoredFeatures("damaged", 160)
    store.path.unlink(missing_ok=True)
    store.append({digest(number): feature(0, number) for number in range(3)})
    content = bytearray(store.path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    store.path.write_bytes(content)
    found = store.read([digest(number) for number in range(3)])
    assert found.keys() == {digest(number) for number in range(3) if number != place // BYTES}


@pytest.mark.parametrize("left", [1, 40, BYTES - 1])
def test_half_a_record_of_a_killed_writer_is_dropped_and_shifts_nothing(left: int) -> None:
    store = stored(range(2))
    content = store.path.read_bytes()
    store.path.write_bytes(content[: BYTES + left])
    assert store.read([digest(0), digest(1)]).keys() == {digest(0)}
    store.append({digest(2): feature(0, 2)})
    assert store.read([digest(0), digest(1), digest(2)]).keys() == {digest(0), digest(2)}


def test_the_oldest_go_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_features, "MAX_RECORDS", 10)
    store = stored(range(25))
    assert store.path.stat().st_size <= 10 * BYTES
    assert digest(24) in store.read([digest(24)])
    assert not store.read([digest(0)])


def test_several_writers_at_once_lose_nothing() -> None:
    parts = [range(start, start + 10) for start in (0, 10, 20)]
    writers = [threading.Thread(target=stored, args=(part,)) for part in parts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(StoredFeatures("0123456789abcdef", 160).read([digest(number) for number in range(30)])) == 30


def test_a_disk_that_refuses_loses_only_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    store = stored(range(1))
    monkeypatch.setattr(store, "path", store.path / "no folder" / "file")
    store.append({digest(1): feature(0, 1)})
    assert store.read([digest(1)]) == {}
