"""Sets with a guarantee: what each level gives on the images that are shown, and the choice of one for the run."""

import streamlit as st

from core.evaluation.conformal import LIMITS, SetScores, mean_in_words, score_sets, too_few
from core.evaluation.predictions import Predictions
from core.evaluation.splits import VALIDATION, has_test_split
from core.evaluation.words import with_interval
from core.runs.choices import LEVEL, LEVELS
from core.runs.sets import calibration_images, sets_at
from pages.ui.evaluate.state import Evaluation
from pages.ui.shared.use_row import USED_BY, use_row


def sets_view(evaluation: Evaluation) -> None:
    run, predictions = evaluation.run, evaluation.predictions
    st.markdown("**Sets: the classes that an image may show**")
    chosen = LEVEL.of(run)
    level = st.segmented_control(
        "Level",
        LEVELS,
        default=chosen,
        required=True,
        format_func=lambda level: f"{level:.0%}",
        key=f"evaluate_level_{run.id}_{chosen}",
        help="The probability with which the true class is in the set. A higher level gives larger sets.",
    )
    use_row(run, LEVEL, level, noun="level", in_use=f"{chosen:.0%}", help=USED_BY)
    number = calibration_images(run)
    scores = [score_sets(predictions, sets) for each in LEVELS if (sets := sets_at(run, each))]
    if scores:
        _table(scores, predictions)
        if enough := [f"{of_level.sets.level:.0%}" for of_level in scores if not of_level.several.value]:
            at = " and ".join(enough)
            st.caption(f"At {at} one class is enough for every image: the model is right more often than that.")
    for words in filter(None, (too_few(number, each) for each in LEVELS)):
        st.info(words)
    if evaluation.on == VALIDATION:
        where = "Test" if has_test_split(run) else "Other images"
        st.caption(
            f"The {number:,} validation images set the cutoffs, so coverage on them is what was asked for or more. To "
            f"measure it, choose {where} above."
        )
    st.caption(LIMITS)


def _table(scores: list[SetScores], predictions: Predictions) -> None:
    st.dataframe(
        [
            {
                "Level": f"{of_level.sets.level:.0%}",
                "Coverage": with_interval(of_level.coverage),
                "Mean set size": mean_in_words(of_level.size),
                "More than one class": with_interval(of_level.several),
                "Cutoff": of_level.sets.cutoff,
            }
            for of_level in scores
        ],
        column_config={
            "Level": st.column_config.TextColumn(width=70),
            "Coverage": st.column_config.TextColumn(
                help=f"The share of the {len(predictions):,} images whose set holds the true class."
            ),
            "Mean set size": st.column_config.TextColumn(
                help=f"Classes in a set, on average, of {len(predictions.classes):,}."
            ),
            "Cutoff": st.column_config.NumberColumn(
                format="%.4f", help="A class with this probability or more is in the set."
            ),
        },
        hide_index=True,
        width="stretch",
    )
