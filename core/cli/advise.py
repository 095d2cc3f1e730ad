"""The command `advise`: what to do next with a dataset, and what that would change."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import out, print_json, print_table, progress_bars, say
from core.cli.parameters import RUN, SOURCE, Json
from core.datasets import open_dataset
from core.evaluation.words import UNKNOWN, as_percent, points_interval, signed_points
from core.runs.store import find_run

if TYPE_CHECKING:
    from core.advice.actions import Action
    from core.advice.advice import Advice

SHOWN = 10
"""Label errors that are printed; --json has all."""


def advise(
    source: Annotated[str, typer.Argument(help=SOURCE)],
    *,
    run: Annotated[str, typer.Option(help=f"{RUN} Takes the image size and crop from it.", show_default="fast")] = "",
    seed: Annotated[int, typer.Option(help="The same seed gives the same advice.", min=0)] = 0,
    json: Json = False,
) -> None:
    """Say what would make a model of a dataset better. Labels to check, more images, another image size, each with its
    change, measured on images that the advice has not seen. Finds label errors, weak groups and shortcuts."""
    from core.advice.advice import advise as make_advice  # here because no other command needs it

    started = time.perf_counter()
    chosen = find_run(run) if run else None
    with progress_bars() as progress:
        dataset = open_dataset(source, progress=progress)
        advice = make_advice(dataset, chosen, seed=seed, progress=progress)
    if json:
        print_json({**as_json(advice), "seconds": round(time.perf_counter() - started, 3)})
    else:
        _print(advice)


def as_json(advice: "Advice") -> dict[str, Any]:
    """What `advise --json` prints: accuracies and changes are 0..1 and -1..1, null where they cannot be measured."""
    return {**asdict(advice), "groups": [asdict(group) for group in advice.groups], "chance": advice.is_chance}


def _print(advice: "Advice") -> None:
    interval = f"{as_percent(advice.low)} to {as_percent(advice.high)}"
    say(
        f"{advice.dataset}: {advice.images:,} images, {advice.image_size} pixels, {advice.crop}. A head on the frozen "
        f"base is right on {as_percent(advice.accuracy)} ({interval}) in cross-validation; guessing gives "
        f"{as_percent(advice.guessing)}."
    )
    print_table(("do", "change in points", "cost", "why"), [_row(action) for action in advice.actions])
    if advice.label_errors:
        sure = sum(error.sure for error in advice.label_errors)
        out.print()
        say(f"Labels: {sure:,} probably wrong, {len(advice.label_errors):,} worth a look, the surest first")
        rows = [(e.path, e.label, e.suggested, f"{e.score:.3f}") for e in advice.label_errors[:SHOWN]]
        print_table(("image", "label", "suggested", "score"), rows)
    out.print()
    curve = ", ".join(f"{point.images:,}: {as_percent(point.accuracy)}" for point in advice.learning_curve)
    say(f"Learning curve, accuracy by training images: {curve}")
    from core.advice.forecast import in_words

    say(in_words(advice.at_twice))
    if advice.class_weights:
        say(advice.class_weights.in_words())
    for group in advice.groups:
        say(group.in_words())
    for shortcut in advice.shortcuts:
        if shortcut.warning:
            say(f"Shortcut: {shortcut.in_words()}")


def _row(action: "Action") -> tuple[str, ...]:
    change = UNKNOWN
    if action.expected is not None and action.low is not None and action.high is not None:
        change = (
            f"{signed_points(action.expected)} ({points_interval(action.low, action.high).removesuffix(' points')})"
        )
    return action.what, change, action.cost, action.why
