"""The report: whole, true, small, and harmless whatever names it is given."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled
from core.evaluation.conformal import own_sets, score_sets
from core.evaluation.predictions import Predictions, load_predictions
from core.evaluation.report.content import Misclassified, caveats, gather
from core.evaluation.report.html import POLICY, report_html, write_report
from core.evaluation.splits import WHY_TEST, SplitSummary, evaluate_on
from core.evaluation.summary import summarise
from core.evaluation.words import DECIMAL, confidence_interval, decimal, interval, percent, with_interval
from core.runs.choices import THRESHOLD
from core.runs.run import Run
from core.text.markup import escape_html
from tests.drawing import write_images
from tests.trained import copied

HOSTILE = (
    '<script src="http://evil.example/x.js"></script>',
    '" onload="alert(1)" x="',
    "'><img src=http://evil.example/p.png>",
    "new\nline & \u202eright to left \U0001f431 \x00\x1b",
    "half \udce9 a pair",
    "--></style><style>@import url(http://evil.example/y.css)",
)


class Reader(HTMLParser):
    """Every tag, and every attribute with its value, as a browser reads them."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def finished(trained: Run, pawlab_home: Path) -> Run:
    folder = pawlab_home / "runs" / trained.id
    shutil.copytree(trained.directory, folder)
    return replace(trained, directory=folder)


def test_it_holds_the_scores_with_their_intervals_the_settings_and_where_the_weights_are_from(
    finished: Run, tmp_path: Path
) -> None:
    THRESHOLD.keep(finished, 0.9)
    steps: list[str] = []
    write_report(finished, tmp_path / "report.html", lambda phase, done, total: steps.append(phase))
    document = (tmp_path / "report.html").read_text()
    scores, about, words = summarise(load_predictions(finished)), finished.summary(), Reader(document).words
    for score in (scores.accuracy, scores.macro_f1):
        assert percent(score) in words
        assert interval(score) in words
    for score in (scores.calibration_error, scores.classes[1].roc_area):
        assert decimal(score) in words
        assert interval(score, DECIMAL) in words
    for value in (about["fingerprint"], about["weights"]["digest"], about["versions"]["keras"], "Chosen for this run"):
        assert str(value) in words
    assert "No temperature scaling: it takes 100 validation images, and there are 16." in words
    assert all(name in words.lower() for name in about["settings"])
    assert "report" in steps
    assert document.count("<svg") == 6
    assert len(document) < 2_000_000
    assert str(Path(finished.source).parent) not in document  # nobody's folders


def test_of_a_fine_tuned_run_it_tells_both_stages(tuned: Run, trained: Run, tmp_path: Path) -> None:
    write_report(tuned, tmp_path / "report.html")
    words, about = Reader((tmp_path / "report.html").read_text()).words, tuned.summary()
    assert f"continued {trained.name}, which had {trained.summary()['epochs']} epochs" in words
    assert f"the last {about['fine_tuning']['layers']} layers of the base model were trained" in words
    assert "Fine-tuning" in words
    assert about["weights"]["digest"] in words
    assert about["fine_tuned_digest"] in words
    assert "fine-tuning" in Reader((tmp_path / "report.html").read_text().split("<h2>Training</h2>")[1]).words


def test_hostile_names_stay_text(finished: Run) -> None:
    names = (*HOSTILE, "a", "b", "c")  # enough for the matrix of small cells and the most confused pairs
    number = len(names)
    random = np.random.default_rng(0)
    predictions = Predictions(names, np.arange(60) % number, random.dirichlet(np.ones(number), 60))
    material = gather(finished)
    about = json.loads(json.dumps(material.about))
    about["settings"][HOSTILE[0]] = HOSTILE[1]
    about["weights"] = dict.fromkeys(about["weights"], HOSTILE[2])
    about["versions"][HOSTILE[0]] = HOSTILE[1]
    about["counts"] = {HOSTILE[5]: dict.fromkeys(HOSTILE, 1)}
    errors = tuple(Misclassified(one, one, one, 0.9, 1, b"x", b"x") for one in HOSTILE)
    document = report_html(
        replace(
            material,
            run=replace(finished, name=HOSTILE[0], source=HOSTILE[2]),
            about=about,
            scores=SplitSummary(**vars(summarise(predictions, 100)), predictions=predictions, no_images=HOSTILE[0]),
            errors=errors + tuple(replace(error, image=b"", reason=HOSTILE[0]) for error in errors),
        )
    )
    read = Reader(document)
    assert not {"script", "link", "iframe", "object", "base", "a"} & set(read.tags)
    assert read.tags.count("style") == 1
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert {value[:16] for name, value in read.attributes if name in ("src", "href")} == {"data:image/jpeg;"}
    assert ("content", POLICY) in read.attributes
    assert "url(" not in document.split("</style>")[0]
    assert HOSTILE[0] in read.words
    assert "\\x00\\x1b" in read.words
    assert "Most confused pairs" in read.words
    document.encode()


def test_images_that_are_gone_leave_the_scores_and_say_why(finished: Run, tmp_path: Path) -> None:
    gone = replace(finished, source=str(tmp_path / "gone"))
    material = gather(gone)
    words = Reader(report_html(material)).words
    assert "can no longer be opened" in words
    assert percent(material.scores.accuracy) in words
    assert len(material.errors) == min(12, int((~material.scores.predictions.correct).sum()))


def test_caveats_name_what_is_special(finished: Run) -> None:
    material = gather(finished)
    copied = replace(finished, config=finished.config.changed(copies=1, augment_validation=True))
    said = " ".join(caveats(replace(material, run=copied, about=material.about | {"status": "cancelled"})))
    plain = " ".join(caveats(material))
    for words in ("too narrow", "stopped early"):
        assert words in said
        assert words not in plain
    assert "are few" in plain
    assert "cannot spot unknown objects" in plain


def test_a_stop_leaves_no_file(finished: Run, tmp_path: Path) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        write_report(finished, tmp_path / "report.html", stop)
    assert not list(tmp_path.glob("*report*"))


def test_text_escapes_what_ends_an_attribute_or_a_tag() -> None:
    assert not re.search(r"[<>\"']", escape_html("<a href='x' title=\"y\">"))


def test_the_test_split_has_a_section_of_its_own_and_other_images_their_notes(
    trained_with_test: Run, pawlab_home: Path, tmp_path: Path
) -> None:
    run = copied(trained_with_test, pawlab_home)
    write_report(run, tmp_path / "report.html")
    whole = (tmp_path / "report.html").read_text()
    section = Reader(whole.split("<h2>Test split</h2>")[1].split("</section>")[0]).words
    test = evaluate_on(run, "test")
    assert WHY_TEST in section
    assert percent(test.accuracy) in section
    assert confidence_interval(test.accuracy).removeprefix("95% CI ") in section
    assert "Without 2 images that also occur in the training set" in section
    sets = own_sets(run)
    assert sets is not None
    coverage = score_sets(test.predictions, sets).coverage
    assert f"18 test images: at 90%, the true class is in {with_interval(coverage)} of the sets" in Reader(whole).words
    assert "scores on the test split, which chose nothing, are the fairer ones" in Reader(whole).words
    others = write_images(tmp_path / "others", {"cats": 3, "birds": 2})
    write_report(run, tmp_path / "report.html", on=others)
    words = Reader((tmp_path / "report.html").read_text()).words
    assert f"accuracy on 3 images of {others} is" in words
    assert "unknown to the run: birds (2)" in words
    assert "Test split" not in words
    assert "validation images also chose" not in words
