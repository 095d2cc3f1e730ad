"""Blocks: every file once, and a folder that changes a little changes few blocks."""

from hypothesis import given
from hypothesis import strategies as st

from core.scale.blocks import Item, cut_into_blocks

PATHS = st.lists(st.text(max_size=8), unique=True, max_size=400).map(sorted)


def items_of(paths: list[str]) -> list[Item]:
    return [Item(path, f"/{path}") for path in paths]


@given(PATHS, st.integers(1, 64))
def test_every_file_is_in_one_block_in_order(paths: list[str], most: int) -> None:
    blocks = list(cut_into_blocks(items_of(paths), most, "a"))
    assert [item.path for block in blocks for item in block.items] == paths
    assert all(0 < len(block.items) <= most for block in blocks)
    assert len({block.key for block in blocks}) == len(blocks)


def test_a_file_more_changes_few_blocks() -> None:
    paths = [f"cats/{number:05}.jpg" for number in range(5000)]
    before = {block.key for block in cut_into_blocks(items_of(paths), 256, "a")}
    more = sorted([*paths, "cats/00007b.jpg"])
    after = {block.key for block in cut_into_blocks(items_of(more), 256, "a")}
    assert len(after - before) <= 3 < len(before)


def test_a_key_knows_everything_that_a_row_depends_on() -> None:
    def key(identity: str = "a", **fields: str) -> str:
        (block,) = cut_into_blocks([Item(**{"path": "p", "file": "f"} | fields)], 4, identity)
        return block.key

    others = [key("b"), key(path="q"), key(label="x"), key(split="x"), key(problem="x"), key(stamp="x")]
    assert len({key(), *others}) == 7
    assert key(file="elsewhere") == key()  # the same files from another mount
