"""In what runs differ: everything that does, nothing that does not."""

from core.charts import TOOLBAR
from core.evaluation.setting_differences import AUGMENTATION, differences
from core.runs.comparison_chart import MOST, Line, comparison_curves
from core.runs.run import Run, create_run
from core.runs.settings import TrainingConfig, preset
from core.storage.files import write_json

FAST = preset("fast")
SUMMARY = {
    "classes": ["a", "b"],
    "counts": {},
    "best_epoch": 1,
    "val_accuracy": 0.5,
    "val_loss": 1.0,
    "settings": {},
}


def run_of(config: TrainingConfig = FAST, source: str = "sample", summary: dict[str, object] | None = None) -> Run:
    run = create_run(source, config)
    if summary:
        write_json(run.directory / "run.json", SUMMARY | summary)
    return run


def by_name(*runs: Run) -> dict[str, tuple[object, ...]]:
    return {one.name: one.values for one in differences(runs)}


def test_equal_runs_differ_in_nothing() -> None:
    assert by_name(run_of(), run_of()) == {}


def test_settings_and_the_dataset_are_told_and_only_those_that_differ() -> None:
    changes = by_name(run_of(), run_of(FAST.changed(epochs=3, seed=7)), run_of(source="/elsewhere"))
    assert changes == {
        "epochs": (10, 3, 10),
        "seed": (0, 7, 0),
        "dataset": ("sample", "sample", "/elsewhere"),
    }


def test_augmentation_is_told_by_its_parts_and_means_nothing_without_copies() -> None:
    turned = FAST.augmentation.changed(rotation_range=5, horizontal_flip=True)
    assert by_name(run_of(), run_of(FAST.changed(augmentation=turned))) == {
        f"{AUGMENTATION}rotation_range": (40.0, 5.0),
        f"{AUGMENTATION}horizontal_flip": (False, True),
    }
    assert by_name(run_of(), run_of(FAST.changed(augmentation=turned, copies=0))) == {"copies": (1, 0)}


def test_what_a_run_does_not_tell_is_no_difference() -> None:
    whole: dict[str, object] = {"edits": {"excluded": 3, "relabelled": 0}, "fingerprint": "a" * 64}
    assert by_name(run_of(), run_of(summary=whole)) == {}
    assert by_name(run_of(summary={"edits": 7}), run_of(summary=whole)) == {}


def test_edits_and_the_images_are_told() -> None:
    before: dict[str, object] = {"edits": {"excluded": 0, "relabelled": 0}, "fingerprint": "a" * 64}
    after: dict[str, object] = {"edits": {"excluded": 3, "relabelled": 1}, "fingerprint": "b" * 64}
    assert by_name(run_of(summary=before), run_of(summary=after)) == {
        "excluded by edits": (0, 3),
        "relabelled by edits": (0, 1),
        "images' fingerprint": ("a" * 8, "b" * 8),
    }


def test_a_second_stage_is_told() -> None:
    stage: dict[str, object] = {"fine_tuning": {"layers": 20, "epochs": 5, "learning_rate": 1e-5}}
    (words,) = by_name(run_of(summary={"edits": {}}), run_of(summary=stage)).values()
    assert words == ("none", "the last 20 layers, 5 epochs at most, learning rate 1e-05")


def test_what_differs_from_the_reference_is_marked() -> None:
    (one,) = differences([run_of(), run_of(FAST.changed(epochs=3)), run_of()])
    assert one.marked(0) == (False, True, False)
    assert one.marked(1) == (True, False, True)


def test_a_chart_draws_every_run_in_a_colour_of_its_own_and_a_name_stays_a_name() -> None:
    epoch = {"epoch": 1, "accuracy": 0.5, "val_accuracy": 0.6, "loss": 1.0, "val_loss": 0.9}
    names = ["<a href='http://pawlab.invalid'>x</a>", "%{customdata}", "same", "same", "z" * 100, ""]
    lines = [Line(name, [epoch, {**epoch, "epoch": 2}]) for name in names]
    figure = comparison_curves(lines[:MOST], "key")
    strong = [trace for trace in figure.data if trace.showlegend]
    assert len({trace.line.color for trace in strong}) == MOST == len(strong)
    assert all(tuple(trace.x) == (1, 2) for trace in figure.data)
    assert "<a" not in strong[0].name
    assert not any(name in trace.hovertemplate for trace in figure.data for name in names[:2])
    assert len(strong[4].name) < 50
    assert figure.layout.xaxis.range[1] >= 2
    assert figure.layout.xaxis.dtick == 1  # else plotly writes 1 1 2 2
    assert comparison_curves([Line("none yet", [])], "key").layout.xaxis.range[1] >= 1
    assert figure.layout.margin.t >= TOOLBAR  # which covers the legend if both are at the top
    assert (figure.layout.legend.yref, figure.layout.legend.y) == ("container", 0)
