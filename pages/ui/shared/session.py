"""The session of this window: its id stands in the address, what was chosen in it on disk (`core.sessions`).

So a reload, the Back button and a restart of the server bring everything back, and two windows never share a choice. A
window without an id in its address is asked for the one that it had before; a new one begins with what was used last
on this machine. An id that another open window uses, as after "Duplicate tab", is copied to a new session.
"""

import json
from urllib.parse import urlencode

import streamlit as st

from core import __version__
from core.augmentation import AugmentationConfig
from core.datasets.current import current_source
from core.datasets.source import Source, resolve_source
from core.sessions.choices import (
    Choices,
    Value,
    drop_old_sessions,
    load_choices,
    new_session,
    save_choices,
    touch_session,
)
from pages.ui.augment import store as augment_store
from pages.ui.routes.streamlit_internals import is_connected, this_connection

PARAMETER = "session"
"""Of the address."""
_ID, _SOURCE, _SAVED, _NEW = (f"session_{name}" for name in ("id", "source", "saved", "is_new"))
_AUGMENTATION = "augmentation"
_WINDOW = "session_window"
_KEPT: set[str] = set()
_IN_PLACE = "<script>history.replaceState(history.state, '', %s)</script>"
# The address is replaced in place: another entry in the browser's history would turn Back into a loop. A window that
# comes without an id, because somebody typed an address, had one if its own storage says so.
# On a phone the navigation is a menu over the page, which Streamlit leaves open after a choice.
JS = """
const closeMenu = (event) => {
  if (event.target.closest?.('[data-testid="stSidebarNavLink"]'))
    document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
};
export default function({data, setTriggerValue}) {
  if (!globalThis.pawlabMenu) document.addEventListener('click', globalThis.pawlabMenu = closeMenu);
  const before = sessionStorage.getItem('pawlab-session');
  if (data.is_new && before && before !== data.id) { setTriggerValue('had', before); return; }
  sessionStorage.setItem('pawlab-session', data.id);
  const address = new URL(location.href);
  if (address.searchParams.get('session') === data.id) return;
  address.searchParams.set('session', data.id);
  history.replaceState(history.state, '', address);
}
"""


def kept(key: str) -> str:
    """Marks the key of a control whose value belongs to the session, and returns it."""
    _KEPT.add(key)
    return key


def kept_choice(key: str, initial: Value) -> str:
    """As `kept`, for a control that cannot take its initial value itself: it would not stand a restored one."""
    st.session_state.setdefault(key, initial)
    return kept(key)


def begin_session() -> None:
    """Finds out which session this is. Call it before anything else is drawn."""
    had = getattr(st.session_state.get(_WINDOW), "had", None)
    if _ID not in st.session_state or (st.session_state[_NEW] and had):
        _take(str(had or st.query_params.get(PARAMETER, "")))
    touch_session(session_id())


def is_this_window() -> bool:
    """Whether the session is still this window's. After a reload it is another's, while a script that waits for
    something goes on for nobody: it must not take what that window has asked for."""
    connection = this_connection()
    return _connections().get(session_id(), connection) == connection


def keep_session() -> None:
    """Stores what has changed. Call it when a page or a fragment with controls has been drawn."""
    if not is_this_window():
        return
    session, state = session_id(), st.session_state
    controls = {key: state[key] for key in sorted(_KEPT) if key in state}
    choices = Choices(version=__version__, source=source().text, augmentation=augmentation(), controls=controls)
    if choices != state.get(_SAVED):
        save_choices(session, choices)
        state[_SAVED] = choices


def show_in_address(place: str) -> None:
    """Puts the session's id into the address. `place` is the page's: another page has another address."""
    draw = st.components.v2.component("session", js=JS)
    data = {"id": session_id(), "is_new": st.session_state[_NEW] and not page_query(), "place": place}
    draw(data=data, key=_WINDOW, height=1, on_had_change=lambda: None)


def page_query() -> dict[str, str]:
    """The address's parameters that are the page's own."""
    return {name: value for name, value in st.query_params.to_dict().items() if name != PARAMETER}


def set_page_query(query: dict[str, str]) -> None:
    """Replaces them, as a new entry in the browser's history."""
    st.query_params.from_dict({**query, PARAMETER: session_id()})


def show_page_query(query: dict[str, str], *, in_place: bool) -> None:
    """`set_page_query` where that changes anything.

    Args:
        in_place: Without a new entry in the history, as on arrival: Back would only come here again.
    """
    if page_query() == query:
        return
    if in_place:
        address = json.dumps(page_address(query))
        st.html(_IN_PLACE % address, unsafe_allow_javascript=True)
    else:
        set_page_query(query)


def page_address(query: dict[str, str]) -> str:
    """The same as a relative address, for the browser itself."""
    return f"?{urlencode({**query, PARAMETER: session_id()})}"


def session_id() -> str:
    if _ID not in st.session_state:  # a part of a page that is drawn alone
        begin_session()
    return str(st.session_state[_ID])


def source() -> Source:
    """The dataset that is open in this session."""
    stored = st.session_state[_SOURCE]
    assert isinstance(stored, Source)
    return stored


def set_source(source: Source) -> None:
    st.session_state[_SOURCE] = source


def augmentation() -> AugmentationConfig:
    """The settings of this session: the Augmentation page sets them, the Training page uses them."""
    stored = st.session_state[_AUGMENTATION]
    assert isinstance(stored, AugmentationConfig)
    return stored


def set_augmentation(config: AugmentationConfig, *, propose: bool = True) -> None:
    """
    Args:
        propose: Whether new sessions begin with these settings: those of a link are nobody's choice yet.
    """
    if augmentation() != config:
        st.session_state[_AUGMENTATION] = config
        if propose:
            augment_store.remember(config)


def _take(wanted: str) -> None:
    """Becomes the session `wanted` if there is one, else a new one."""
    choices = load_choices(wanted)
    owners = _connections()
    state = st.session_state
    mine = wanted if choices and not is_connected(owners.get(wanted, "")) else new_session()
    owners[mine] = this_connection()
    state[_ID], state[_NEW], state[_SAVED] = mine, choices is None, choices if mine == wanted else None
    if choices is None:
        drop_old_sessions()
        state[_SOURCE], state[_AUGMENTATION] = current_source(), augment_store.last()
        return
    state[_SOURCE] = resolve_source(choices.source) if choices.source else current_source()
    state[_AUGMENTATION] = choices.augmentation
    if choices.version == __version__:
        for key, value in choices.controls.items():
            state[key] = value


@st.cache_resource(show_spinner=False)
def _connections() -> dict[str, str]:
    """The connection that uses each session of this server."""
    return {}
