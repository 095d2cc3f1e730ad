"""The end of the Classify page: export the model as a zip or as one HTML file, which work without Pawlab."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from core.errors import Cancelled, PawlabError
from core.jobs.background import SingleFlight
from core.runs.run import Run
from pages.ui.routes.exports import BUNDLE_PATH, PAGE_PATH, export_address
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.text import plain, show_error

if TYPE_CHECKING:
    from core.export.bundle import Bundle
    from core.export.kept import Kept
    from core.export.page.build import Page

Export = TypeVar("Export", "Bundle", "Page")


@dataclass(frozen=True)
class Words:
    """About one kind of export: the button and its help, beside the progress, and after a stop."""

    make: str
    help: str
    meanwhile: str
    stopped: str


BUNDLE_WORDS = Words(
    "Make the bundle",
    "Takes a minute or two: the models run on the same images, and their predictions are compared.",
    "This takes a minute or two. You can use the rest of the page meanwhile.",
    "Stopped: no bundle was made.",
)
PAGE_WORDS = Words(
    "Make the HTML file",
    "Takes some seconds. The first time, npm fetches ONNX Runtime Web, which runs the model in a browser (33 MB).",
    "This takes some seconds, and the first time a download of 33 MB.",
    "Stopped: no HTML file was made.",
)
INSIDE = {
    "predict.py": "classifies images, with three small packages: `python predict.py photo.jpg`",
    "model.onnx": "for ONNX Runtime: servers, browsers, C#, Java",
    "model.keras": "for `keras.models.load_model`, to continue in Keras",
    "model.tflite": "for LiteRT: phones and small boards",
    "neighbours.npz": "features of training images, by which `predict.py` says how unlike them an image is",
    "base.onnx": "the frozen base whose features these are: the model's own base has been fine-tuned",
    "labels.json": "the classes and the image size",
    "notebook.ipynb": "the whole run in plain Keras",
    "README.md": "the model card: data, settings, scores with intervals, limits, and how it was verified",
    "SHA256SUMS": "checksums of all files",
}


@st.cache_resource(show_spinner=False)
def bundles() -> "SingleFlight[Bundle]":
    """The bundle that is being made, one for all sessions."""
    return SingleFlight()


@st.cache_resource(show_spinner=False)
def html_pages() -> "SingleFlight[Page]":
    """The HTML file that is being made, one for all sessions."""
    return SingleFlight()


def export_section(run: Run) -> None:
    """Draws both kinds of export, each as it stands."""
    from core.export.kept import BUNDLE, PAGE  # here because most who classify do not export

    st.subheader("Export model")
    st.write(
        "One zip that works on any computer without Pawlab. Before you can download it, it is unpacked and tested: its "
        "predictions must be the same as on this page."
    )
    bundle = _offer(run, BUNDLE, bundles(), BUNDLE_WORDS, _bundle_ready)
    _inside(bundle.files if bundle else None)
    st.write(
        "One HTML file that classifies photos and the camera's video in any browser, offline: to hand out, or to put "
        "on a web server."
    )
    _offer(run, PAGE, html_pages(), PAGE_WORDS, _page_ready)


def _offer(
    run: Run,
    kept: "Kept[Export]",
    flight: "SingleFlight[Export]",
    words: Words,
    ready: Callable[[Run, Export], None],
) -> Export | None:
    """Draws one kind of export: a button, its progress, why it failed, or what is `ready`, which is returned."""
    from core.export.kept import export_key

    try:
        key, export = export_key(run), kept.find(run)
    except PawlabError as error:
        show_error(error)
        return None
    task = flight.find(key)
    if task is not None and not task.done:
        follow(task, words.meanwhile, "Cancels the export.")
        return None
    if export is not None:
        ready(run, export)
        return export
    if task is not None and isinstance(task.error, Cancelled):
        st.info(words.stopped)
    elif task is not None and task.error is not None:
        show_error(task.error)
    st.button(words.make, on_click=_make, args=(key, run, kept, flight), help=words.help)
    return None


def _make(key: str, run: Run, kept: "Kept[Export]", flight: "SingleFlight[Export]") -> None:
    flight.submit(key, lambda progress: kept.keep(run, progress), again=True).wait(AT_ONCE)


def _bundle_ready(run: Run, bundle: "Bundle") -> None:
    with st.container(border=True):
        st.markdown(
            f"**Ready.** Unpacked and tested on {bundle.images} images. Largest difference between its probabilities "
            "and those of this page (more than 0.0001 is refused):"
        )
        rows = [f"- `predict.py`: {bundle.difference:.0e}, in a fresh process"]
        if bundle.keras_difference is not None:
            rows.append(f"- `model.keras`: {bundle.keras_difference:.0e}")
        else:
            rows.append(f"- `model.keras`: compared at the end of the run, not again ({plain(bundle.keras_reason)})")
        if bundle.litert_difference is not None:
            rows.append(f"- `model.tflite`: {bundle.litert_difference:.0e}")
        else:
            rows.append(f"- No LiteRT file: {plain(bundle.litert_reason)}")
        st.markdown("\n".join(rows))
        if bundle.missing:
            st.caption(f"Tested on drawn images, since the run's own are not available: {plain(bundle.missing)}.")
        _download(f"Download the bundle ({bundle.bytes / 1e6:.0f} MB)", BUNDLE_PATH, run)


def _page_ready(run: Run, page: "Page") -> None:
    with st.container(border=True):
        st.markdown(
            "**Ready.** It unpacks to the model, byte for byte. Whenever it is opened, it first classifies a drawing: "
            "a browser whose probabilities differ from Pawlab's by more than 0.0001 is refused."
        )
        _download(f"Download the HTML file ({page.bytes / 1e6:.0f} MB)", PAGE_PATH, run)


def _download(label: str, path: str, run: Run) -> None:
    st.link_button(
        label,
        export_address(path, run.id),
        type="primary",
        help="Saves it among this device's downloads; an interrupted download can be resumed.",
    )


def _inside(files: tuple[str, ...] | None = None) -> None:
    """Lists the files of a bundle, or of this one."""
    with st.expander("Contents"):
        st.markdown("\n".join(f"- `{name}` {words}" for name, words in INSIDE.items() if not files or name in files))
        if not files:
            st.caption(
                "The LiteRT file is included only if its predictions are the same; if not, the model card says why."
            )
