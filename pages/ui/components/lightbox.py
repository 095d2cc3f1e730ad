"""One image, large, with everything known about it. It takes the gallery's place on the page: a dialog would be a page
within the page, hard to enter for screen readers and tests alike."""

import base64
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

import streamlit as st

from core.datasets import Dataset, ImageRecord
from core.datasets.quality.near_duplicates import look_alikes
from core.datasets.records import UNLABELLED
from core.datasets.selection import Catalog, Indices
from core.datasets.thumbnails import enlarged, thumbnails
from core.errors import ImageError, PawlabError
from core.images.exif import Exif
from core.images.isolated import read_exif
from core.text.markup import escape_html
from pages.ui.components.gallery import GalleryItem, Look, gallery, gallery_event
from pages.ui.shared.text import plain, show_error

LOOK_ALIKES = 8
FEW_CLASSES = 3
SMALLEST = 320  # pixels of the longest side as shown: an image of 33 is enlarged to be seen at all
LOOK_ALIKES_KEY = "lightbox_look_alikes"
_NEIGHBOURS = "lightbox_neighbours"
_BRIGHTNESS = ((0.15, "very dark"), (0.35, "dark"), (0.65, "medium"), (0.85, "bright"), (2, "very bright"))
_ENTROPY = ((3, "very little detail"), (5, "little detail"), (6.5, "some detail"), (9, "a lot of detail"))


@dataclass(frozen=True)
class Actions:
    """What the page's buttons do to images. The page reruns afterwards; a `PawlabError` is shown instead."""

    exclude: Callable[[list[ImageRecord]], object]
    include: Callable[[list[ImageRecord]], object]
    relabel: Callable[[list[ImageRecord], str], object]
    draw_undo: Callable[[str], None] = lambda place: None
    """Draws what was just done at a place, the path of an image or "images", and a button that undoes it."""


def act(action: Callable[[], object]) -> None:
    """Does it and reruns the page, or shows why it failed."""
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
    """Draws the image at `path`.

    Args:
        chosen: The records that previous and next step through, in order.
        on_open: Called with the path of the image to show instead, or "" to go back to the gallery.
        problems: {key: paths of the images with this problem}.
        titles: {key: the problem in words}.
        actions: What the buttons do; None for no buttons.
    """
    opened = gallery_event(LOOK_ALIKES_KEY).opened
    if opened and catalog.find(opened):
        on_open(opened)
        path = opened
    record = catalog.find(path)
    if record is None:
        st.info("This image is no longer in the dataset.")
        st.button("Back", key="lightbox_back", on_click=on_open, args=("",), help="Back to all images.")
        return
    _navigation(catalog, chosen, record, on_open)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        large_image(catalog.dataset, record, f"{record.label}, {record.path}")
    with right:
        if actions:
            action_buttons(catalog.dataset, record, actions)
            actions.draw_undo(record.path)
        for key, paths in problems.items():
            if record.path in paths:
                st.warning(plain(titles.get(key, key)))
        exif = _exif(catalog.dataset, record)
        table(facts(catalog, record))
        if exif.facts:
            with st.expander(f"Camera metadata (EXIF, {len(exif.facts)})"):
                table({"Tag": "Value"} | exif.facts)
        if exif.position:
            st.warning(
                "This image records where it was taken (GPS). Anyone who gets the file can read that: keep it in mind "
                "before you share the dataset."
            )
    _look_alikes_row(catalog.dataset, record)


def facts(catalog: Catalog, record: ImageRecord) -> dict[str, str]:
    """What the scan measured, as {name: value in words}."""
    rows = {"File": record.path, "Class": label_in_words(record), "Split": record.split}
    if record.folder_label:
        by_hand = record.folder_label == UNLABELLED
        rows["Class"] += " (you gave it)" if by_hand else f" (you changed it from {record.folder_label})"
    rows["In use"] = "no, you excluded it" if record.excluded else "yes" if record.in_use else "no, it has no label yet"
    if record.reason:
        return rows | {"In use": f"no: {record.reason}", "Size": _bytes(record.bytes)}
    rows["Size"] = f"{record.width:,} × {record.height:,} pixels, {_bytes(record.bytes)}"
    rows["Format"] = f"{record.format}, {record.mode}"
    if record.frames > 1:
        rows["Frames"] = f"{record.frames:,}; only the first one is used"
    rows["Brightness"] = f"{_in_words(record.brightness, _BRIGHTNESS)} ({record.brightness:.2f} of 1)"
    share = catalog.share_below("sharpness", record.sharpness)
    rows["Sharpness"] = f"sharper than {share:.0%} of this dataset ({record.sharpness:,.0f})"
    rows["Entropy"] = f"{_in_words(record.entropy, _ENTROPY)} ({record.entropy:.1f} of 8 bits)"
    return rows


def label_in_words(record: ImageRecord) -> str:
    """The class as a page shows it."""
    return "no label yet" if record.label == UNLABELLED else record.label


def table(rows: Mapping[str, str]) -> None:
    """Two columns of text, safe for Markdown; the first row is the head."""
    head, *others = (f"| {plain(words)} | {plain(value)} |" for words, value in rows.items())
    st.markdown("\n".join([head, "| :-- | :-- |", *others]))


def badges(record: ImageRecord, problems: Mapping[str, Set[str]]) -> tuple[str, ...]:
    """The short words on a cell."""
    count = sum(record.path in paths for paths in problems.values())
    words = (
        "excluded" if record.excluded else "",
        "relabelled" if record.folder_label not in ("", UNLABELLED) else "",
        f"{count} {'problem' if count == 1 else 'problems'}" if count else "",
    )
    return tuple(filter(None, words))


def gallery_items(
    dataset: Dataset, records: Sequence[ImageRecord], problems: Mapping[str, Set[str]]
) -> list[GalleryItem]:
    """Records as cells of a gallery, with their thumbnails."""
    return [
        GalleryItem(
            record.path,
            f"{label_in_words(record)}, {record.path}",
            record.path.rsplit("/", 1)[-1] if record.reason else f"{label_in_words(record)} · {record.split}",
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
        before, after = ("".join(record.path for record in catalog.records(indices)) for indices in around)
        st.session_state[_NEIGHBOURS] = (before, after)
    else:  # an edit took it out of the filter: go on from where it was
        before, after = st.session_state.get(_NEIGHBOURS, ("", ""))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back", key="lightbox_back", on_click=on_open, args=("",), shortcut="Esc", help="Back to all images.")
        for title, to, key, words in (
            ("Previous", before, "Left", "The previous image in the gallery."),
            ("Next", after, "Right", "The next image in the gallery."),
        ):
            name = f"lightbox_{title.lower()}"
            st.button(title, key=name, on_click=on_open, args=(to,), disabled=not to, shortcut=key, help=words)
        where = f"{place + 1:,} of {len(chosen):,}" if place >= 0 else "no longer matches the filters"
        st.markdown(where, width="content")


def large_image(dataset: Dataset, record: ImageRecord, alt: str, height: str = "75vh") -> None:
    """The image in the middle of its place, or why it cannot be shown. `height` is its most, in CSS."""
    rendered = enlarged(dataset, record)
    if rendered.reason:
        st.error(f"{plain(record.path)} cannot be shown: {plain(rendered.reason)}.")
        return
    longest = max(record.width, record.height)
    width = f"width:{round(record.width * SMALLEST / longest)}px;" if 0 < longest < SMALLEST else ""
    source = base64.b64encode(rendered.content).decode()
    style = f"{width}max-width:100%;max-height:{height};display:block;margin:auto;border-radius:6px"
    st.html(f'<img src="data:image/jpeg;base64,{source}" alt="{escape_html(alt)}" style="{style}">')


def action_buttons(dataset: Dataset, record: ImageRecord, actions: Actions) -> None:
    """Exclude or include, and every other class of `dataset`; the page reruns afterwards."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if record.excluded:
            if st.button("Include", key="lightbox_include", help="Uses this image again."):
                act(lambda: actions.include([record]))
        elif st.button(
            "Exclude", key="lightbox_exclude", help="Leaves it out of counts and training. The file is unchanged."
        ):
            act(lambda: actions.exclude([record]))
        label = _new_label([name for name in dataset.classes if name != record.label])
    if label:
        act(lambda: actions.relabel([record], label))


def _new_label(classes: list[str]) -> str:
    """The class that was chosen, "" for none: a button for each if they are few."""
    words = "Changes its class in counts and training. The file stays where it is."
    if len(classes) > FEW_CLASSES:
        if st.session_state.get("lightbox_class") not in classes:
            st.session_state.pop("lightbox_class", None)  # chosen for another image, which may have it by now
        chosen = st.selectbox(
            "New class",
            classes,
            index=None,
            placeholder="Change class to",
            label_visibility="collapsed",
            key="lightbox_class",
            help="The class that this image really shows.",
            width=160,
        )
        changed = st.button("Change class", key="lightbox_relabel", disabled=not chosen, help=words)
        return str(chosen) if changed else ""
    pressed = [
        name
        for number, name in enumerate(classes)
        if st.button(f"Relabel as {plain(name)}", key=f"lightbox_relabel_{number}", help=words)
    ]
    return pressed[0] if pressed else ""


def _exif(dataset: Dataset, record: ImageRecord) -> Exif:
    try:
        return read_exif(dataset.file(record)) if not record.reason else Exif()
    except ImageError:  # the file is gone, and the image's place on the page says so
        return Exif()


def _look_alikes_row(dataset: Dataset, record: ImageRecord) -> None:
    alike = [other for other, _ in look_alikes(dataset, record, LOOK_ALIKES)] if not record.reason else []
    if alike:
        st.markdown("**Most similar images**")
        st.caption("By where they are light and dark, not by what they show: useful for finding near-duplicates.")
        look = Look(label="Most similar images", selectable=False, cell=104)
        gallery(gallery_items(dataset, alike, {}), LOOK_ALIKES_KEY, look=look)


def _in_words(value: float, steps: Sequence[tuple[float, str]]) -> str:
    return next((words for below, words in steps if value < below), steps[-1][1])


def _bytes(number: int) -> str:
    if number < 1e3:
        return "1 byte" if number == 1 else f"{number} bytes"
    return f"{number / 1e6:,.1f} MB" if number >= 1e6 else f"{number / 1e3:,.1f} kB"
