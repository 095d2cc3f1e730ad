"""One control for each field of the augmentation, made from what the settings say of themselves.

The controls' values live under the keys of `augment_values`; no other module sets them.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial

import streamlit as st

from core.augmentation import PARAMETERS, PRESETS, AugmentationConfig, Group, Parameter, preset
from pages.ui.augment_values import at_first, from_controls, is_slider, key_of, switch_of, to_controls
from pages.ui.augment_words import FORMATS, strength_of
from pages.ui.state import augmentation, set_augmentation

FILL_MODES = {"nearest": "edge pixels", "reflect": "mirror image", "wrap": "repeat", "constant": "one grey"}
STRENGTH = "augment_strength"
GROUP = "augment_group"
# Fields that matter only while another one has a certain value: what says so.
_NEEDS = {
    "cval": ("fill mode constant", lambda config: config.fill_mode == "constant"),
    "erasing_scale": ("random erasing", lambda config: config.is_on("erasing_probability")),
    "erasing_value": ("random erasing", lambda config: config.is_on("erasing_probability")),
}
_MEANING = {
    "none": "Copies equal their originals.",
    "gentle": "Small changes that any photo could have.",
    "notebook": "What the notebook does: geometry only.",
    "strong": "Geometry, colour and erasing, as far as most pictures stand.",
}
_MARKED = """<style>
.st-key-augment_strengths {gap: 0.25rem}
.st-key-augment_strength_%s button {border-color: #14807b; box-shadow: inset 0 0 0 1px #14807b}
</style>"""
# Denser than Streamlit's own: a group must fit beside the preview. A change that is off has a grey slider.
_CSS = """<style>
[class*='st-key-augment_group_'] {gap: 0}
[class*='st-key-augment_row_'] {min-height: 2.75rem; flex-wrap: nowrap}
[class*='st-key-augment_row_'] [data-testid='stMarkdown'] p {font-size: 0.875rem}
[class*='st-key-augment_row_'] > :last-child {min-width: 7rem}
[class*='st-key-augment_row_'] [data-testid='stSlider'] {margin: -0.35rem 0}
%s {filter: grayscale(1)}
</style>"""


def read_controls() -> AugmentationConfig:
    """The settings as the controls stand; fills in what has no value yet. Call it before any control is drawn."""
    missing = to_controls(augmentation())
    for told in PARAMETERS.values():
        if is_slider(told) and told.has_switch:
            missing.setdefault(key_of(told.name), at_first(told))
    for key, value in missing.items():
        st.session_state.setdefault(key, value)
    config = from_controls({key: st.session_state[key] for key in missing})
    set_augmentation(config)
    return config


def show_settings(config: AugmentationConfig) -> None:
    """Puts every control where `config` has it: for callbacks, or before the controls are drawn."""
    for key, value in to_controls(config).items():
        st.session_state[key] = value
    set_augmentation(config)


def strength(config: AugmentationConfig) -> None:
    """The presets, and the way back to the beginning.

    Buttons, not one choice of several: its state would follow the sliders, and a browser that moves a slider before it
    has heard so sends the old state back, which then counts as a choice.
    """
    current = strength_of(config)
    st.html(_MARKED % (current or "none of them"))
    st.markdown(
        f"Strength: **{current or 'your own'}**",
        help="Each button sets all controls at once. Reset also puts the sliders of what is off in their first places.",
    )
    with st.container(horizontal=True, gap="small", key="augment_strengths"):
        for name in PRESETS:
            st.button(
                name.capitalize(),
                key=f"{STRENGTH}_{name}",
                on_click=show_settings,
                args=(preset(name),),
                help=_MEANING[name],
            )
        st.button("Reset", key="augment_reset", on_click=reset, help="As at the very beginning.")


def reset() -> None:
    for told in PARAMETERS.values():
        if is_slider(told) and told.has_switch:
            st.session_state[key_of(told.name)] = at_first(told)
    show_settings(AugmentationConfig())


def groups(config: AugmentationConfig, more: Mapping[str, Callable[[], None]], *, always: Collection[str] = ()) -> None:
    """All controls, a tab for each group, and after them tabs of `more` by their titles.

    Only the open tab's controls are drawn, and those of tabs named in `always`: a slider's move is answered twice as
    fast when the browser has a third of the controls to look through.
    """
    off = [name for name, told in PARAMETERS.items() if is_slider(told) and told.has_switch and not config.is_on(name)]
    rows = ", ".join(f".st-key-augment_row_{name} [data-testid='stSlider']" for name in off) or ".none"
    st.html(_CSS % rows)
    draws = {str(group): partial(_group, group, config) for group in Group} | dict(more)
    chosen = st.segmented_control(
        "What to change",
        list(draws),
        default=next(iter(draws)),
        required=True,
        key=GROUP,
        label_visibility="collapsed",
        persist_state="session",
        help="Kinds of change, and which pictures to show.",
    )
    for title, draw in draws.items():
        if title == chosen or title in always:
            with st.container(key=f"augment_{'group' if title in set(Group) else 'more'}_{title.lower()}"):
                draw()


def _group(group: Group, config: AugmentationConfig) -> None:
    members = [told for told in PARAMETERS.values() if told.group == group]
    flips = [told for told in members if isinstance(told.neutral, bool)]
    for told in members:
        if told in flips:
            if told == flips[0]:
                with st.container(horizontal=True):
                    for flip in flips:
                        st.toggle(flip.label, key=key_of(flip.name), help=flip.help, persist_state="session")
        else:
            _row(told, config)


def _row(told: Parameter, config: AugmentationConfig) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"augment_row_{told.name}", gap="small"):
        if told.name == "fill_mode":
            _label(told, "")
            st.selectbox(
                told.label,
                list(FILL_MODES),
                format_func=lambda mode: f"{mode}: {FILL_MODES[mode]}",
                key=key_of(told.name),
                help=told.help,
                label_visibility="collapsed",
                persist_state="session",
            )
            return
        words, needed = _NEEDS.get(told.name, ("", lambda config: True))
        if told.has_switch:
            st.toggle(
                told.label,
                key=switch_of(told.name),
                help=f"{told.help} {_range_in_words(told)}",
                width=210,
                persist_state="session",
            )
        else:
            _label(told, f" Only with {words}." if words else "")
        st.slider(
            told.label,
            float(told.lowest),
            float(told.highest),
            step=float(told.step),
            format=FORMATS.get(told.unit, "%g"),
            key=key_of(told.name),
            on_change=_switch_on if told.has_switch else None,
            args=(told.name,),
            label_visibility="collapsed",
            help=told.help,
            disabled=not needed(config),
            persist_state="session",
        )


def _label(told: Parameter, more: str) -> None:
    st.markdown(told.label, help=f"{told.help}{more}", width=210)


def _range_in_words(told: Parameter) -> str:
    unit = "" if told.unit in told.help else f", {told.unit}"
    return f"From {told.lowest:g} to {told.highest:g}{unit}."


def _switch_on(name: str) -> None:
    """Who moves the slider of a change that is off wants to see it."""
    st.session_state[switch_of(name)] = True
