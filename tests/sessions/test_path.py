"""The five steps: one is shown, one at most comes next."""

from itertools import combinations

import pytest

from core.sessions.path import LABEL, PAGES, STEPS, path_steps

SOME = [set(pages) for number in range(len(STEPS) + 1) for pages in combinations(STEPS, number)]


@pytest.mark.parametrize("here", [*PAGES, LABEL])
@pytest.mark.parametrize("done", SOME, ids=lambda done: "+".join(sorted(done)) or "nothing")
def test_the_next_step_is_the_first_that_is_neither_done_nor_shown(here: str, done: set[str]) -> None:
    steps = path_steps(here, done)
    here = "dataset" if here == LABEL else here
    assert [(step.number, step.page) for step in steps] == list(enumerate(STEPS, start=1))
    assert [step.page for step in steps if step.state == "now"] == ([here] if here in STEPS else [])
    assert {step.page for step in steps if step.state == "done"} == done - {here}
    open_steps = [step for step in steps if step.state in ("next", "later")]
    assert [step.state for step in open_steps] == ["next", "later", "later", "later", "later"][: len(open_steps)]
