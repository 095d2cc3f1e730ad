"""One control for each field of the augmentation, made from the field's own metadata.

The controls' values live under the keys of `values`; no other module sets them.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial

import streamlit as st

from core.augmentation import PARAMETERS, PRESETS, AugmentationConfig, Group, Parameter, preset, strength_of
from pages.ui.augment.values import at_first, from_controls, is_slider, key_of, switch_of, to_controls
from pages.ui.augment.words import FORMATS
from pages.ui.shared.session import augmentation, kept_choice, set_augmentation

FILL_MODES = {"nearest": "edge pixels", "reflect": "mirror image", "wrap": "repeat", "constant": "one grey level"}
STRENGTH = "augment_strength"
GROUP = "augment_group"
# Fields that have an effect only while another one has a certain value: how the page says so, and the test.
_NEEDS = {
    "cval": ("fill mode constant", lambda config: config.fill_mode == "constant"),
    "erasing_scale": ("random erasing", lambda config: config.is_on("erasing_probability")),
    "erasing_value": ("random erasing", lambda config: config.is_on("erasing_probability")),
}
_MEANING = {
    "none": "No transformation: copies are identical to their originals.",
    "gentle": "Small geometric transformations, which suit almost any photo.",
    "notebook": "The notebook's settings: geometry only.",
    "strong": "Geometry, colour and random erasing, as far as most images remain recognisable.",
}
_MARKED = """<style>
.st-key-augment_strengths {gap: 0.25rem}
.st-key-augment_strength_%s button {border-color: #14807b; box-shadow: inset 0 0 0 1px #14807b}
</style>"""
# Denser than Streamlit's own: a group must fit beside the preview. A transformation that is off has a grey slider.
_CSS = """<style>
[class*='st-key-augment_group_'] {gap: 0}
[class*='st-key-augment_row_'] {min-height: 2.75rem; flex-wrap: nowrap}
[class*='st-key-augment_row_'] [data-testid='stMarkdown'] p {font-size: 0.875rem}
[class*='st-key-augment_row_'] > :last-child {min-width: 7rem}
[class*='st-key-augment_row_'] [data-testid='stSlider'] {margin: -0.35rem 0}
[class*='st-key-augment_group_'] [data-testid='stCaptionContainer'] {margin: -0.6rem 0 -0.6rem}
[class*='st-key-augment_group_'] [data-testid='stAlertContainer'] {padding: 0.25rem 0.75rem; margin-bottom: 0.5rem}
[class*='st-key-augment_group_'] [data-testid='stAlertContainer'] p {font-size: 0.875rem}
%s {filter: grayscale(1)}
</style>"""


def read_controls() -> AugmentationConfig:
    """The settings that the controls show, after giving a value to those that have none. Call it before drawing any."""
    missing = to_controls(augmentation())
    for parameter in PARAMETERS.values():
        if is_slider(parameter) and parameter.has_switch:
            missing.setdefault(key_of(parameter.name), at_first(parameter))
    for key, value in missing.items():
        st.session_state.setdefault(key, value)
    config = from_controls({key: st.session_state[key] for key in missing})
    set_augmentation(config)
    return config


def show_settings(config: AugmentationConfig, *, propose: bool = True) -> None:
    """Sets every control to `config`: for callbacks, or before the controls are drawn. `propose` as `set_augmentation`
    takes it."""
    for key, value in to_controls(config).items():
        st.session_state[key] = value
    set_augmentation(config, propose=propose)


def strength(config: AugmentationConfig) -> None:
    """The presets, and Reset.

    Buttons, not one choice of several: its state would follow the sliders, and a browser that moves a slider before it
    has heard so sends the old state back, which then counts as a choice.
    """
    current = strength_of(config)
    st.html(_MARKED % (current or "none of them"))
    st.markdown(
        f"Strength: **{current or 'custom'}**",
        help="Each preset sets all controls at once.",
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
        st.button(
            "Reset",
            key="augment_reset",
            on_click=reset,
            help="The initial settings, also for sliders that are switched off.",
        )


def reset() -> None:
    for parameter in PARAMETERS.values():
        if is_slider(parameter) and parameter.has_switch:
            st.session_state[key_of(parameter.name)] = at_first(parameter)
    show_settings(AugmentationConfig())


def groups(
    config: AugmentationConfig,
    more: Mapping[str, Callable[[], None]],
    warnings: Mapping[str, str],
    effects: Mapping[str, str],
    *,
    always: Collection[str] = (),
) -> None:
    """All controls: a tab for each group, then the tabs of `more` by their titles. Each of `warnings` stands below the
    control of the setting that it is keyed by, or names its tab where that is not open. Each of `effects` is a short
    line below the control of the transformation that it is keyed by.

    Only the open tab's controls are drawn, and those of the tabs in `always`: the page follows a slider twice as fast
    when the browser has only a third of the controls to look through.
    """
    off = [
        name
        for name, parameter in PARAMETERS.items()
        if is_slider(parameter) and parameter.has_switch and not config.is_on(name)
    ]
    rows = ", ".join(f".st-key-augment_row_{name} [data-testid='stSlider']" for name in off) or ".none"
    st.html(_CSS % rows)
    draws = {str(group): partial(_group, group, config, warnings, effects) for group in Group} | dict(more)
    chosen = st.segmented_control(
        "Transformations",
        list(draws),
        required=True,
        key=kept_choice(GROUP, next(iter(draws))),
        label_visibility="collapsed",
        persist_state="session",
        help="Kinds of transformation, and which images to show.",
    )
    for title, draw in draws.items():
        if title == chosen or title in always:
            with st.container(key=f"augment_{'group' if title in set(Group) else 'more'}_{title.lower()}"):
                draw()
    for name, words in warnings.items():
        if PARAMETERS[name].group != chosen:
            st.warning(f"**{PARAMETERS[name].group}, {PARAMETERS[name].label.lower()}**: {words}")


def _group(group: Group, config: AugmentationConfig, warnings: Mapping[str, str], effects: Mapping[str, str]) -> None:
    members = [parameter for parameter in PARAMETERS.values() if parameter.group == group]
    flips = [parameter for parameter in members if isinstance(parameter.neutral, bool)]
    for parameter in members:
        if parameter in flips:
            if parameter == flips[0]:
                with st.container(horizontal=True):
                    for flip in flips:
                        st.toggle(flip.label, key=key_of(flip.name), help=flip.help, persist_state="session")
                for flip in flips:
                    if flip.name in effects:
                        st.caption(f"{flip.label}: {effects[flip.name]}")
        else:
            _row(parameter, config)
            if parameter.name in effects:
                st.caption(effects[parameter.name])
            if parameter.name in warnings:
                st.warning(warnings[parameter.name])


def _row(parameter: Parameter, config: AugmentationConfig) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"augment_row_{parameter.name}", gap="small"):
        if parameter.name == "fill_mode":
            _label(parameter, "", width=130)
            st.selectbox(
                parameter.label,
                list(FILL_MODES),
                format_func=lambda mode: f"{mode}: {FILL_MODES[mode]}",
                key=key_of(parameter.name),
                help=parameter.help,
                label_visibility="collapsed",
                persist_state="session",
            )
            return
        words, needed = _NEEDS.get(parameter.name, ("", lambda config: True))
        if parameter.has_switch:
            st.toggle(
                parameter.label,
                key=switch_of(parameter.name),
                help=f"{parameter.help} {_range_in_words(parameter)}",
                width=210,
                persist_state="session",
            )
        else:
            _label(parameter, f" Only used with {words}." if words else "")
        st.slider(
            parameter.label,
            float(parameter.lowest),
            float(parameter.highest),
            step=float(parameter.step),
            format=FORMATS.get(parameter.unit, "%g"),
            key=key_of(parameter.name),
            on_change=_switch_on if parameter.has_switch else None,
            args=(parameter.name,),
            label_visibility="collapsed",
            help=parameter.help,
            disabled=not needed(config),
            persist_state="session",
        )


def _label(parameter: Parameter, more: str, width: int = 210) -> None:
    st.markdown(parameter.label, help=f"{parameter.help}{more}", width=width)


def _range_in_words(parameter: Parameter) -> str:
    unit = "" if parameter.unit in parameter.help else f" {parameter.unit}"
    return f"Range: {parameter.lowest:g}–{parameter.highest:g}{unit}."


def _switch_on(name: str) -> None:
    """Whoever moves the slider of a transformation that is off wants to see it."""
    st.session_state[switch_of(name)] = True
