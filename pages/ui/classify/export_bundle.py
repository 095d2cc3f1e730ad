"""The end of the Classify page: export the model as a bundle that works without Pawlab, import a bundle as a run."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import streamlit as st

from core.errors import Cancelled, PawlabError
from core.jobs.background import SingleFlight
from core.jobs.process import PROGRAM
from core.jobs.progress import Progress
from core.runs.run import Run
from core.storage.home import subfolder
from pages.ui.routes.bundle import bundle_address
from pages.ui.routes.streamlit_internals import drop_uploads
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.text import plain, show_error

if TYPE_CHECKING:
    from core.export.bundle import Bundle

UPLOAD_MEGABYTES = 500
# Session keys: the control's name without its number, that number, the latest import, and the one that was selected.
_CONTROL, _NUMBER, _IMPORTED, _SELECTED = "import_zip_", "import_number", "import_latest", "import_selected"
INSIDE = {
    "predict.py": "classifies images, with three small packages: `python predict.py photo.jpg`",
    "model.onnx": "for ONNX Runtime: servers, browsers, C#, Java",
    "model.keras": "for `keras.models.load_model`, to continue in Keras",
    "model.tflite": "for LiteRT: phones and small boards",
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
def imports() -> SingleFlight[Run]:
    """The bundle that is being imported, one for all sessions."""
    return SingleFlight()


def export_section(run: Run | None) -> None:
    """Draws both halves; without a run only the import."""
    st.divider()
    if run is not None:
        st.subheader("Export model")
        _export(run)
    st.subheader("Import model")
    _import(run)


def _export(run: Run) -> None:
    from core.export.kept import bundle_key, kept_bundle  # here because most who classify do not export

    st.write(
        "One zip that works on any computer without Pawlab. Before you can download it, it is unpacked and tested: its "
        "predictions must be the same as on this page."
    )
    try:
        key, bundle = bundle_key(run), kept_bundle(run)
    except PawlabError as error:
        show_error(error)
        return
    task = bundles().find(key)
    if task is not None and not task.done:
        follow(
            task,
            "This takes a minute or two. You can use the rest of the page meanwhile.",
            "Cancels the export.",
        )
        return
    if bundle is not None:
        _ready(run, bundle)
        return
    if task is not None and isinstance(task.error, Cancelled):
        st.info("Stopped: no bundle was made.")
    elif task is not None and task.error is not None:
        show_error(task.error)
    st.button(
        "Make the bundle",
        on_click=_make,
        args=(key, run),
        help="Takes a minute or two: the models run on the same images, and their predictions are compared.",
    )
    _inside()


def _make(key: str, run: Run) -> None:
    from core.export.kept import keep_bundle

    bundles().submit(key, lambda progress: keep_bundle(run, progress), again=True).wait(AT_ONCE)


def _ready(run: Run, bundle: "Bundle") -> None:
    with st.container(border=True):
        st.markdown(
            f"**Ready.** Unpacked and tested on {bundle.images} images. Largest difference between its probabilities "
            "and those of this page (more than 1e-04 is refused):"
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
        st.link_button(
            f"Download the bundle ({bundle.bytes / 1e6:.0f} MB)",
            bundle_address(run.id),
            type="primary",
            help="Saves it among this device's downloads; an interrupted download can be resumed.",
        )
    _inside(bundle.files)


def _inside(files: tuple[str, ...] | None = None) -> None:
    """Lists the files of a bundle, or of this one."""
    with st.expander("Contents"):
        st.markdown("\n".join(f"- `{name}` {words}" for name, words in INSIDE.items() if not files or name in files))
        if not files:
            st.caption(
                "The LiteRT file is included only if its predictions are the same; if not, the model card says why."
            )


def select_imported(key: str) -> None:
    """Selects a run that was just imported in the control `key`: call it before the control is drawn."""
    task = imports().find(st.session_state.get(_IMPORTED, ""))
    if task is not None and task.result is not None and st.session_state.get(_SELECTED) != task.id:
        st.session_state.update({_SELECTED: task.id, key: task.result.id})


def _import(selected: Run | None) -> None:
    number = st.session_state.setdefault(_NUMBER, 0)
    upload = st.file_uploader(
        "Bundle exported from Pawlab",
        type="zip",
        max_upload_size=UPLOAD_MEGABYTES,
        key=f"{_CONTROL}{number}",
        help=f"Up to {UPLOAD_MEGABYTES} MB; import larger ones with: {PROGRAM} import FILE.zip. Every file in it "
        "is checked, and none of its programs is run.",
    )
    key = upload.file_id if upload else st.session_state.get(_IMPORTED, "")
    task = imports().find(key)
    if task is None:
        if upload:
            st.button(
                "Check and import",
                on_click=_start_import,
                args=(key,),
                help="It becomes a finished run on this machine, which you can classify with and evaluate.",
            )
    elif not task.done:
        follow(task, "Checking names, checksums, settings and both models.", "Cancels the import.")
    elif task.result is not None:
        is_selected = selected is not None and selected.id == task.result.id
        st.success(f"Imported as **{plain(task.result.name)}**{' (now selected)' if is_selected else ''}.")
    elif isinstance(task.error, Cancelled):
        st.info("Stopped: nothing was imported.")
    elif task.error is not None:
        show_error(task.error)


def _start_import(key: str) -> None:
    """Replaces the control by an empty one, so that the bundle is in memory only until it is written to disk."""
    number = st.session_state[_NUMBER]
    contents = [st.session_state[f"{_CONTROL}{number}"].getvalue()]  # getbuffer would copy it
    st.session_state.update({_NUMBER: number + 1, _IMPORTED: key})
    drop_uploads([key])

    def work(progress: Progress) -> Run:
        from core.export.importing import import_bundle

        file = Path(subfolder("imports")) / f"{uuid4().hex[:12]}.zip"
        try:
            file.write_bytes(contents.pop())
            return import_bundle(file, progress=progress)
        finally:
            file.unlink(missing_ok=True)

    imports().submit(key, work).wait(AT_ONCE)
