"""Which of a browser's requests still concern the server, as its pages come and go."""

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.ui.leaving import Visit


def asks(page: str, fragment: str = "") -> BackMsg:
    asked = BackMsg()
    asked.rerun_script.page_script_hash = page
    asked.rerun_script.fragment_id = fragment
    return asked


def begins(page: str, *fragments: str) -> ForwardMsg:
    said = ForwardMsg()
    said.new_session.page_script_hash = page
    said.metadata.run.fragment_ids.extend(fragments)
    return said


def is_on(page: str) -> ForwardMsg:
    said = ForwardMsg()
    said.navigation.page_script_hash = page
    return said


def on_page_a() -> Visit:
    """As a first load goes: the browser does not know the page's hash, the server begins with its main script's."""
    visit = Visit()
    assert visit.concerns(asks(""))
    visit.hears(begins("main"))
    visit.hears(is_on("a"))
    return visit


def test_a_fragment_of_the_page_that_is_shown_concerns() -> None:
    visit = on_page_a()
    assert visit.concerns(asks("a", "clock"))
    assert visit.concerns(asks("a"))
    assert visit.concerns(asks("a", "clock"))


def test_a_fragment_of_a_page_that_is_left_does_not_until_the_browser_returns() -> None:
    visit = on_page_a()
    assert visit.concerns(asks("b"))
    assert not visit.concerns(asks("a", "clock"))
    visit.hears(begins("b"))
    visit.hears(is_on("b"))
    assert not visit.concerns(asks("a", "clock"))  # on its way before the browser heard
    assert visit.concerns(asks("b", "slider"))
    assert visit.concerns(asks("a"))
    assert visit.concerns(asks("a", "clock"))


def test_a_second_click_on_the_same_page_changes_nothing() -> None:
    visit = on_page_a()
    assert visit.concerns(asks("b"))
    assert visit.concerns(asks("b"))
    assert not visit.concerns(asks("a", "clock"))


def test_two_pages_that_are_left_in_a_row_are_both_left() -> None:
    visit = on_page_a()
    assert visit.concerns(asks("b"))
    assert visit.concerns(asks("c"))
    assert not visit.concerns(asks("a", "clock"))
    assert not visit.concerns(asks("b", "slider"))


def test_a_page_that_is_left_and_asked_for_again_is_not_left() -> None:
    visit = on_page_a()
    assert visit.concerns(asks("b"))
    assert visit.concerns(asks("a"))
    assert visit.concerns(asks("a", "clock"))


def test_the_page_that_the_server_has_switched_to_is_the_one_to_leave() -> None:
    visit = on_page_a()
    assert visit.concerns(asks("a", "button"))
    visit.hears(begins("c"))
    visit.hears(is_on("c"))
    assert visit.concerns(asks("b"))
    assert not visit.concerns(asks("c", "clock"))


def test_a_server_that_switches_back_to_the_page_that_was_left_is_believed() -> None:
    visit = on_page_a()
    assert visit.concerns(asks("b"))
    visit.hears(begins("b"))
    visit.hears(is_on("b"))
    visit.hears(begins("a"))
    visit.hears(is_on("a"))
    assert visit.concerns(asks("a", "clock"))


def test_what_the_server_says_late_of_the_run_before_the_click_is_not_believed() -> None:
    visit = on_page_a()
    assert visit.concerns(asks("b"))
    visit.hears(begins("a"))
    visit.hears(is_on("a"))
    assert not visit.concerns(asks("a", "clock"))


def test_what_asks_for_no_run_concerns() -> None:
    visit = on_page_a()
    assert visit.concerns(asks("b"))
    stop = BackMsg()
    stop.stop_script = True
    assert visit.concerns(stop)
