"""Which of a browser's requests still concern the server, as its pages come and go."""

from pages.ui.routes.stale_fragments import Visit
from pages.ui.routes.streamlit_internals import PageEvent, Rerun


def begins(page: str) -> PageEvent:
    return PageEvent(page, shown=False)


def is_on(page: str) -> PageEvent:
    return PageEvent(page, shown=True)


def on_page_a() -> Visit:
    """As a first load goes: the browser does not know the page's hash, the server begins with its main script's."""
    visit = Visit()
    assert visit.concerns(Rerun(""))
    visit.observe(begins("main"))
    visit.observe(is_on("a"))
    return visit


def test_a_fragment_of_the_page_that_is_shown_concerns() -> None:
    visit = on_page_a()
    assert visit.concerns(Rerun("a", "clock"))
    assert visit.concerns(Rerun("a"))
    assert visit.concerns(Rerun("a", "clock"))


def test_a_fragment_of_a_page_that_is_left_does_not_until_the_browser_returns() -> None:
    visit = on_page_a()
    assert visit.concerns(Rerun("b"))
    assert not visit.concerns(Rerun("a", "clock"))
    visit.observe(begins("b"))
    visit.observe(is_on("b"))
    assert not visit.concerns(Rerun("a", "clock"))  # on its way before the browser heard
    assert visit.concerns(Rerun("b", "slider"))
    assert visit.concerns(Rerun("a"))
    assert visit.concerns(Rerun("a", "clock"))


def test_a_second_click_on_the_same_page_changes_nothing() -> None:
    visit = on_page_a()
    assert visit.concerns(Rerun("b"))
    assert visit.concerns(Rerun("b"))
    assert not visit.concerns(Rerun("a", "clock"))


def test_two_pages_that_are_left_in_a_row_are_both_left() -> None:
    visit = on_page_a()
    assert visit.concerns(Rerun("b"))
    assert visit.concerns(Rerun("c"))
    assert not visit.concerns(Rerun("a", "clock"))
    assert not visit.concerns(Rerun("b", "slider"))


def test_a_page_that_is_left_and_asked_for_again_is_not_left() -> None:
    visit = on_page_a()
    assert visit.concerns(Rerun("b"))
    assert visit.concerns(Rerun("a"))
    assert visit.concerns(Rerun("a", "clock"))


def test_the_page_that_the_server_has_switched_to_is_the_one_to_leave() -> None:
    visit = on_page_a()
    assert visit.concerns(Rerun("a", "button"))
    visit.observe(begins("c"))
    visit.observe(is_on("c"))
    assert visit.concerns(Rerun("b"))
    assert not visit.concerns(Rerun("c", "clock"))


def test_a_page_that_the_server_leaves_is_left_as_soon_as_it_begins_another() -> None:
    visit = on_page_a()
    assert visit.concerns(Rerun("a"))  # a button whose script switches
    visit.observe(begins("a"))
    visit.observe(is_on("a"))
    assert visit.concerns(Rerun("a", "clock"))
    visit.observe(begins("c"))
    assert not visit.concerns(Rerun("a", "clock"))  # before the browser heard
    visit.observe(is_on("c"))
    assert not visit.concerns(Rerun("a", "clock"))
    assert visit.concerns(Rerun("c", "slider"))


def test_the_browser_does_not_hear_of_a_fragment_that_waited_while_the_server_switched() -> None:
    visit = on_page_a()
    clock = PageEvent("a", shown=False, fragment=True)
    assert visit.concerns(Rerun("a"))  # a button whose script switches
    assert visit.concerns(Rerun("a", "clock"))  # waits for it
    assert visit.observe(clock)
    assert visit.observe(begins("c"))
    assert visit.observe(is_on("c"))
    assert not visit.observe(clock)
    assert visit.observe(PageEvent("c", shown=False, fragment=True))


def test_a_server_that_switches_back_to_the_page_that_was_left_is_believed() -> None:
    visit = on_page_a()
    assert visit.concerns(Rerun("b"))
    visit.observe(begins("b"))
    visit.observe(is_on("b"))
    visit.observe(begins("a"))
    visit.observe(is_on("a"))
    assert visit.concerns(Rerun("a", "clock"))


def test_what_the_server_says_late_of_the_run_before_the_click_is_not_believed() -> None:
    visit = on_page_a()
    assert visit.concerns(Rerun("b"))
    visit.observe(begins("a"))
    visit.observe(is_on("a"))
    assert not visit.concerns(Rerun("a", "clock"))
