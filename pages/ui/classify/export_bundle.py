"""The end of the Classify page: the model as a bundle that works without Pawlab, and a bundle brought back as a run."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import streamlit as st

from core.errors import Cancelled, PawlabError
from core.home import subfolder
from core.jobs import Latest
from core.progress import Progress
from core.training.runs import Run
from pages.ui.bundle_route import bundle_address
from pages.ui.progress import AT_ONCE, follow
from pages.ui.uploads import drop_uploads
from pages.ui.words import plain, show_error

if TYPE_CHECKING:
    from core.export.bundle import Bundle

UPLOAD_MEGABYTES = 500
# Session keys: the control's name without its number, that number, and the latest import.
_CONTROL, _NUMBER, _BROUGHT = "import_zip_", "import_number", "import_brought"
INSIDE = {
    "predict.py": "classifies pictures with three small packages: `python predict.py photo.jpg`",
    "model.onnx": "for ONNX Runtime: servers, browsers, C#, Java",
    "model.keras": "for `keras.models.load_model`, to go on in Keras",
    "model.tflite": "for LiteRT: phones and small boards",
    "labels.json": "the classes and the picture's size",
    "notebook.ipynb": "the whole run in plain Keras, to read and to run",
    "README.md": "the model card: data, settings, scores with intervals, limits, and how it was verified",
    "SHA256SUMS": "checksums of all of it",
}


@st.cache_resource(show_spinner=False)
def bundles() -> "Latest[Bundle]":
    """The bundle at work, one for all sessions."""
    return Latest()


@st.cache_resource(show_spinner=False)
def imports() -> Latest[Run]:
    """The bundle that is being brought back, one for all sessions."""
    return Latest()


def export_section(run: Run | None) -> None:
    """Draws both halves; without a run only the way back."""
    st.divider()
    if run is not None:
        st.subheader("Take the model with you")
        _take(run)
    st.subheader("Bring a model back")
    _bring()


def _take(run: Run) -> None:
    from core.export.kept import bundle_key, kept_bundle  # here because few who classify export

    st.write(
        "One zip that works on any computer without Pawlab. It is unpacked and tried out first, and can be downloaded "
        "only when it answers as this page does."
    )
    try:
        key, kept = bundle_key(run), kept_bundle(run)
    except PawlabError as error:
        show_error(error)
        return
    task = bundles().find(key)
    if task is not None and not task.done:
        follow(
            task,
            "TensorFlow takes half a minute or more of it. You may use the rest of the page meanwhile.",
            "Nothing is kept then.",
        )
        return
    if kept is not None:
        _made(run, kept)
        return
    if task is not None and isinstance(task.error, Cancelled):
        st.info("Stopped: there is no bundle.")
    elif task is not None and task.error is not None:
        show_error(task.error)
    st.button(
        "Make the bundle",
        type="primary",
        on_click=_make,
        args=(key, run),
        help="Takes a minute or two: both models are asked about the same pictures and compared.",
    )
    _inside()


def _make(key: str, run: Run) -> None:
    from core.export.kept import keep_bundle

    bundles().ask(key, lambda tell: keep_bundle(run, tell), again=True).wait(AT_ONCE)


def _made(run: Run, bundle: "Bundle") -> None:
    with st.container(border=True):
        st.markdown(
            f"**Ready.** Unpacked and tried out on {bundle.pictures} pictures. The largest difference in a probability "
            "from what this page answers, where more than 1e-04 is refused:"
        )
        rows = [f"- `predict.py`: {bundle.difference:.0e}, run in a fresh process"]
        if bundle.keras_difference is not None:
            rows.append(f"- `model.keras`: {bundle.keras_difference:.0e}")
        else:
            rows.append(f"- `model.keras`: compared when the run ended, not again ({plain(bundle.keras_reason)})")
        if bundle.litert_difference is not None:
            rows.append(f"- `model.tflite`: {bundle.litert_difference:.0e}")
        else:
            rows.append(f"- no LiteRT file: {plain(bundle.litert_reason)}")
        st.markdown("\n".join(rows))
        if bundle.missing:
            st.caption(f"On drawn pictures, for the run's own are not at hand: {plain(bundle.missing)}.")
        st.link_button(
            f"Download the bundle ({bundle.bytes / 1e6:.0f} MB)",
            bundle_address(run.id),
            type="primary",
            help="Goes to this device's downloads, and can be gone on with after a break. Nothing is sent anywhere "
            "else.",
        )
    _inside(bundle.files)


def _inside(files: tuple[str, ...] | None = None) -> None:
    """What a bundle holds, or this one."""
    with st.expander("What is inside"):
        st.markdown("\n".join(f"- `{name}` {words}" for name, words in INSIDE.items() if not files or name in files))
        if not files:
            st.caption("The LiteRT file only where it gives the same answers; else the model card says why not.")


def _bring() -> None:
    number = st.session_state.setdefault(_NUMBER, 0)
    upload = st.file_uploader(
        "Bundle that Pawlab made",
        type="zip",
        max_upload_size=UPLOAD_MEGABYTES,
        key=f"{_CONTROL}{number}",
        help=f"Up to {UPLOAD_MEGABYTES} MB; larger ones with: python -m core import FILE.zip. Every file in it is "
        "checked, and none of its programs is run.",
    )
    key = upload.file_id if upload else st.session_state.get(_BROUGHT, "")
    task = imports().find(key)
    if task is None:
        if upload:
            st.button(
                "Check it and bring it back",
                on_click=_import,
                args=(key,),
                help="It becomes a finished run of this machine, which classifies and can be evaluated.",
            )
    elif not task.done:
        follow(task, "Names, checksums, settings and both models are checked.", "Nothing is kept then.")
    elif task.result is not None:
        st.success(f"Here as **{plain(task.result.name)}**. Choose it at the top of this page.")
    elif isinstance(task.error, Cancelled):
        st.info("Stopped: nothing was kept.")
    elif task.error is not None:
        show_error(task.error)


def _import(key: str) -> None:
    """Puts an empty control in the upload's place, so that no bundle is in memory longer than it takes to write it."""
    number = st.session_state[_NUMBER]
    contents = [st.session_state[f"{_CONTROL}{number}"].getvalue()]  # getbuffer would copy it
    st.session_state.update({_NUMBER: number + 1, _BROUGHT: key})
    drop_uploads([key])

    def work(tell: Progress) -> Run:
        from core.export.importing import import_bundle

        file = Path(subfolder("imports")) / f"{uuid4().hex[:12]}.zip"
        try:
            file.write_bytes(contents.pop())
            return import_bundle(file, progress=tell)
        finally:
            file.unlink(missing_ok=True)

    imports().ask(key, work).wait(AT_ONCE)
