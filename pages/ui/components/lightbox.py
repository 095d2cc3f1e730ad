"""One picture, large, with everything that is known about it. It takes the gallery's place on the page: a dialog would
be a page within the page, which a screen reader and a test both find hard to enter."""

import base64
import html
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

import streamlit as st

from core.datasets import Dataset, ImageRecord
from core.datasets.exif import Exif, read_exif
from core.datasets.near import look_alikes
from core.datasets.selection import Catalog, Indices
from core.datasets.thumbnails import enlarged, thumbnails
from core.errors import ImageError, PawlabError
from core.image_files import read_image_file
from pages.ui.gallery import GalleryItem, gallery, gallery_event
from pages.ui.words import plain, show_error

LOOK_ALIKES = 8
FEW_CLASSES = 3
SMALLEST = 320  # pixels of the longest side as shown: a picture of 33 is enlarged to be seen at all
LOOK_ALIKES_KEY = "lightbox_look_alikes"
_NEIGHBOURS = "lightbox_neighbours"
_BRIGHTNESS = ((0.15, "very dark"), (0.35, "dark"), (0.65, "medium"), (0.85, "bright"), (2, "very bright"))
_ENTROPY = ((3, "very little detail"), (5, "little detail"), (6.5, "some detail"), (9, "much detail"))


@dataclass(frozen=True)
class Actions:
    """What can be done to pictures, given by the page. It is run again afterwards; a `PawlabError` is shown instead."""

    exclude: Callable[[list[ImageRecord]], object]
    include: Callable[[list[ImageRecord]], object]
    relabel: Callable[[list[ImageRecord], str], object]


def act(action: Callable[[], object]) -> None:
    """Does it and runs the page again, or shows why it could not be done."""
    try:
        action()
    except PawlabError as error:
        show_error(error)
    else:
        st.rerun()


def lightbox(
    catalog: Catalog,
    chosen: Indices,
    path: str,
    on_open: Callable[[str], None],
    *,
    problems: Mapping[str, Set[str]],
    titles: Mapping[str, str],
    actions: Actions | None = None,
) -> None:
    """Draws the picture at `path`.

    Args:
        chosen: The records that previous and next go through, in their order.
        on_open: Called with the path of the picture to show instead, or "" to go back to the gallery.
        problems: {key: paths of the pictures that have it}, and `titles` the words for each key.
        actions: What the buttons do; there are none without it.
    """
    opened = gallery_event(LOOK_ALIKES_KEY).opened
    if opened and catalog.find(opened):
        on_open(opened)
        path = opened
    record = catalog.find(path)
    if record is None:
        st.info("This picture is no longer in the dataset.")
        st.button("Back", key="lightbox_back", on_click=on_open, args=("",), help="To all pictures.")
        return
    _navigation(catalog, chosen, record, on_open)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _picture(catalog.dataset, record)
    with right:
        if actions:
            action_buttons(catalog.dataset, record, actions)
        for key, paths in problems.items():
            if record.path in paths:
                st.warning(plain(titles.get(key, key)))
        exif = _exif(catalog.dataset, record)
        table(facts(catalog, record))
        if exif.facts:
            with st.expander(f"What the camera wrote into it ({len(exif.facts)})"):
                table({"Tag": "Value"} | exif.facts)
        if exif.position:
            st.warning(
                "This picture says where it was taken. Whoever gets the file can read that too: "
                "think of it before you share a dataset."
            )
    _look_alikes_row(catalog.dataset, record)


def facts(catalog: Catalog, record: ImageRecord) -> dict[str, str]:
    """What a scan found, as {words: value in words}."""
    found = {"File": record.path, "Class": record.label, "Split": record.split}
    if record.folder_label:
        found["Class"] = f"{record.label}, changed by you: its folder says {record.folder_label}"
    found["Used"] = "no: excluded by you" if record.excluded else "yes"
    if record.reason:
        return found | {"Used": f"no: {record.reason}", "Size": _bytes(record.bytes)}
    found["Size"] = f"{record.width:,} x {record.height:,} pixels, {_bytes(record.bytes)}"
    found["Format"] = f"{record.format}, pixels stored as {record.mode}"
    if record.frames > 1:
        found["Frames"] = f"{record.frames:,}: it moves, and only the first frame is used"
    found["Brightness"] = f"{_in_words(record.brightness, _BRIGHTNESS)} ({record.brightness:.2f} of 1)"
    share = catalog.share_below("sharpness", record.sharpness)
    found["Sharpness"] = f"sharper than {share:.0%} of this dataset ({record.sharpness:,.0f})"
    found["Information"] = f"{_in_words(record.entropy, _ENTROPY)} ({record.entropy:.1f} of 8 bits)"
    return found


def table(rows: Mapping[str, str]) -> None:
    """Two columns of text, whatever stands in it; the first row is the head."""
    head, *others = (f"| {plain(words)} | {plain(value)} |" for words, value in rows.items())
    st.markdown("\n".join([head, "| :-- | :-- |", *others]))


def badges(record: ImageRecord, problems: Mapping[str, Set[str]]) -> tuple[str, ...]:
    """The short words on a cell."""
    found = []
    if record.excluded:
        found.append("excluded")
    if record.folder_label:
        found.append("relabelled")
    number = sum(record.path in paths for paths in problems.values())
    if number:
        found.append("1 problem" if number == 1 else f"{number} problems")
    return tuple(found)


def gallery_items(
    dataset: Dataset, records: Sequence[ImageRecord], problems: Mapping[str, Set[str]]
) -> list[GalleryItem]:
    """Records as cells of a gallery, with their thumbnails."""
    return [
        GalleryItem(
            record.path,
            f"{record.label}, {record.path}",
            f"{record.label} · {record.split}",
            thumbnail.content,
            thumbnail.reason,
            badges(record, problems),
            record.excluded,
        )
        for record, thumbnail in zip(records, thumbnails(dataset, records), strict=True)
    ]


def _navigation(catalog: Catalog, chosen: Indices, record: ImageRecord, on_open: Callable[[str], None]) -> None:
    place = catalog.position(chosen, record.path)
    if place >= 0:
        around = (chosen[at : at + 1] if at >= 0 else chosen[:0] for at in (place - 1, place + 1))
        before, after = ("".join(one.path for one in catalog.records(some)) for some in around)
        st.session_state[_NEIGHBOURS] = (before, after)
    else:  # an action took it out of the choice: go on from where it was
        before, after = st.session_state.get(_NEIGHBOURS, ("", ""))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back", key="lightbox_back", on_click=on_open, args=("",), shortcut="Esc", help="To all pictures.")
        for title, to, key, words in (
            ("Previous", before, "Left", "The picture before this one, in the order of the gallery."),
            ("Next", after, "Right", "The picture after this one, in the order of the gallery."),
        ):
            name = f"lightbox_{title.lower()}"
            st.button(title, key=name, on_click=on_open, args=(to,), disabled=not to, shortcut=key, help=words)
        where = f"{place + 1:,} of {len(chosen):,}" if place >= 0 else "no longer among the chosen pictures"
        st.markdown(where, width="content")


def _picture(dataset: Dataset, record: ImageRecord) -> None:
    rendered = enlarged(dataset, record)
    if rendered.reason:
        st.error(f"There is nothing to show: {plain(rendered.reason)}.")
        return
    longest = max(record.width, record.height)
    width = f"width:{round(record.width * SMALLEST / longest)}px;" if 0 < longest < SMALLEST else ""
    source = base64.b64encode(rendered.content).decode()
    alt = html.escape(f"{record.label}, {record.path}", quote=True)
    style = f"{width}max-width:100%;max-height:75vh;display:block;margin:auto;border-radius:6px"
    st.html(f'<img src="data:image/jpeg;base64,{source}" alt="{alt}" style="{style}">')


def action_buttons(dataset: Dataset, record: ImageRecord, actions: Actions) -> None:
    """Exclude or use again, and every other class of `dataset`; the page is run again afterwards."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if record.excluded:
            if st.button("Use it again", key="lightbox_include", help="Takes the exclusion back."):
                act(lambda: actions.include([record]))
        elif st.button("Exclude", key="lightbox_exclude", help="Not used any more; the file stays as it is."):
            act(lambda: actions.exclude([record]))
        label = _new_label([name for name in dataset.classes if name != record.label])
    if label:
        act(lambda: actions.relabel([record], label))


def _new_label(classes: list[str]) -> str:
    """The class whose button was pressed, "" for none: a button each where they are few."""
    words = "Changes the class for training and counts; the file stays where it is."
    if len(classes) > FEW_CLASSES:
        if st.session_state.get("lightbox_class") not in classes:
            st.session_state.pop("lightbox_class", None)  # chosen for another picture, which may have it by now
        chosen = st.selectbox(
            "Another class",
            classes,
            index=None,
            placeholder="another class",
            label_visibility="collapsed",
            key="lightbox_class",
            help="The class that this picture shows.",
            width=160,
        )
        changed = st.button("Change the class", key="lightbox_relabel", disabled=not chosen, help=words)
        return str(chosen) if changed else ""
    pressed = [
        name
        for number, name in enumerate(classes)
        if st.button(f"Make it {plain(name)}", key=f"lightbox_relabel_{number}", help=words)
    ]
    return pressed[0] if pressed else ""


def _exif(dataset: Dataset, record: ImageRecord) -> Exif:
    try:
        return read_exif(read_image_file(dataset.file(record))) if not record.reason else Exif()
    except ImageError:  # gone since: the picture's own place says so
        return Exif()


def _look_alikes_row(dataset: Dataset, record: ImageRecord) -> None:
    alike = [one for one, _ in look_alikes(dataset, record, LOOK_ALIKES)] if not record.reason else []
    if alike:
        st.markdown("**Nearest look-alikes**")
        gallery(
            gallery_items(dataset, alike, {}), LOOK_ALIKES_KEY, label="Nearest look-alikes", selectable=False, cell=104
        )


def _in_words(value: float, steps: Sequence[tuple[float, str]]) -> str:
    return next((words for below, words in steps if value < below), steps[-1][1])


def _bytes(number: int) -> str:
    if number < 1e3:
        return "1 byte" if number == 1 else f"{number} bytes"
    return f"{number / 1e6:,.1f} MB" if number >= 1e6 else f"{number / 1e3:,.1f} kB"
