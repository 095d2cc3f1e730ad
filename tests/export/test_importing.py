"""A bundle comes back as a run that answers the same; whatever was tampered with is refused and leaves nothing."""

import io
import json
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from core.backbone.architecture import WEIGHT_SHAPES
from core.errors import ArchiveError, Cancelled, DatasetError
from core.evaluation.predictions import load_predictions
from core.evaluation.robustness import training_dataset
from core.export.check_onnx import check_base, check_onnx
from core.export.files import MEMBERS, OPTIONAL, REQUIRED, SUMS, write_zip
from core.export.importing import import_bundle, source_of
from core.export.manifest import Manifest
from core.inference.classifier import Classifier
from core.runs.choices import REJECTION, THRESHOLD
from core.runs.feature_plan import feature_plan
from core.runs.names import NAME_CHARACTERS
from core.runs.run import Run, load_run
from core.runs.settings import Pooling, preset
from core.runs.store import find_run, list_runs
from core.storage.home import home
from core.text.lines import one_line
from core.training.loop.onnx_model import classifier_graph
from tests.cli.calling import core
from tests.drawing import image_bytes, make_zip
from tests.export.making import changed, write_bundle


@pytest.fixture(scope="module")
def folder(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a bundle of the finished run, with a confidence threshold. Treat it as read only."""
    place = tmp_path_factory.mktemp("importing")
    shutil.copytree(trained.directory, place / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAWLAB_HOME", str(place / "home"))
        run = load_run(place / "run")
        THRESHOLD.keep(run, 0.8)
        REJECTION.keep(run, 0.05)
        write_bundle(run, place / "bundle", place / "scratch")
    return place / "bundle"


@pytest.fixture
def bundle(folder: Path, tmp_path: Path) -> Path:
    write_zip(folder, tmp_path / "bundle.zip")
    return tmp_path / "bundle.zip"


def nothing_left() -> bool:
    """No run, and no file of ours at all."""
    return not [path for path in home().rglob("*") if path.is_file()] and not list_runs().runs


def test_an_imported_run_predictions_as_the_one_that_was_exported(bundle: Path, trained: Run) -> None:
    run = import_bundle(bundle)
    images = [image_bytes(seed, (200 + 7 * seed, 150)) for seed in range(12)]
    assert list(Classifier.open(run).classify_all(images)) == list(Classifier.open(trained).classify_all(images))
    assert (run.directory / "model.keras").read_bytes() == (trained.directory / "model.keras").read_bytes()


def test_an_imported_run_is_a_finished_run_like_any_other(bundle: Path, trained: Run) -> None:
    run = import_bundle(bundle)
    assert [listed.id for listed in list_runs().runs] == [run.id]
    assert run.status() == "finished"
    assert "imported" in run.name
    assert run.config == trained.config
    mine, theirs = run.summary(), trained.summary()
    for key in ("classes", "counts", "fingerprint", "val_accuracy", "val_loss", "best_epoch", "versions"):
        assert mine[key] == theirs[key]
    assert mine["weights"].items() <= theirs["weights"].items()
    assert mine["imported"]["name"] == trained.name
    for at in ("epoch", "val_loss", "val_accuracy", "best"):
        assert [point[at] for point in run.history().epochs] == [point[at] for point in trained.history().epochs]
    assert not run.history().damaged
    assert np.array_equal(load_predictions(run).probabilities, load_predictions(trained).probabilities)
    assert (THRESHOLD.of(run), REJECTION.of(run)) == (0.8, 0.05)
    assert not list((home() / "imports").iterdir())


def test_its_data_are_not_looked_for_on_this_machine(bundle: Path, trained: Run) -> None:
    run = import_bundle(bundle)
    assert run.source.startswith("imported")
    assert "/" not in run.source
    with pytest.raises(DatasetError):
        training_dataset(run)


def test_a_name_can_be_given_and_two_of_it_stand_side_by_side(bundle: Path) -> None:
    name = "![](http:evil) *‮طب* 🐈\n<b>"
    runs = [import_bundle(bundle, name) for _ in range(2)]
    assert len({run.id for run in runs}) == 2
    assert {run.name for run in runs} == {one_line(name, NAME_CHARACTERS)}
    assert find_run(runs[0].id).id == runs[0].id


def test_an_imported_run_can_be_exported_and_imported_again(bundle: Path, trained: Run, tmp_path: Path) -> None:
    first = import_bundle(bundle)
    write_bundle(first, tmp_path / "again", tmp_path / "scratch")
    write_zip(tmp_path / "again", tmp_path / "again.zip")
    second = import_bundle(tmp_path / "again.zip")
    assert Classifier.open(second).classify(image_bytes()) == Classifier.open(trained).classify(image_bytes())


@pytest.mark.parametrize("name", [SUMS, *REQUIRED, "data.json", "neighbours.npz", "validation.npz"])
def test_one_changed_byte_of_any_member_is_noticed(folder: Path, tmp_path: Path, name: str) -> None:
    def flip(copy: Path) -> None:
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)

    with pytest.raises(ArchiveError, match=name if name != SUMS else "does not match|does not list"):
        import_bundle(changed(folder, tmp_path / "x.zip", flip, sums=False))
    assert nothing_left()


@pytest.mark.parametrize("name", [SUMS, *REQUIRED])
def test_a_missing_member_is_noticed(folder: Path, tmp_path: Path, name: str) -> None:
    def remove(copy: Path) -> None:
        (copy / name).unlink()

    with pytest.raises(ArchiveError, match=name):
        import_bundle(changed(folder, tmp_path / "x.zip", remove, sums=name != SUMS))
    assert nothing_left()


def test_what_may_be_missing_may_be_missing(folder: Path, tmp_path: Path) -> None:
    def remove(copy: Path) -> None:
        for name in set(OPTIONAL) - {"neighbours.npz", "base.onnx"}:  # which go with their cut, as tested below
            (copy / name).unlink(missing_ok=True)

    run = import_bundle(changed(folder, tmp_path / "x.zip", remove))
    assert Classifier.open(run).classify(image_bytes()).confidence > 0


@pytest.mark.parametrize("name", ["more.py", "config.json", "events.jsonl", "weights.pickle", "model.onnx.data"])
def test_a_further_member_is_refused_even_with_its_checksum(folder: Path, tmp_path: Path, name: str) -> None:
    def add(copy: Path) -> None:
        (copy / name).write_text("{}")

    with pytest.raises(ArchiveError, match=name):
        import_bundle(changed(folder, tmp_path / "x.zip", add))
    assert nothing_left()


def make_zip_of(members: list[tuple[str, bytes]]) -> bytes:
    """A zip in which a name may come twice."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "deep/model.onnx", "C:evil", "README.md"]
)
def test_a_name_that_leads_elsewhere_or_comes_twice_is_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(bundle) as archive:
        members = [(one, archive.read(one)) for one in archive.namelist()]
    bundle.write_bytes(make_zip_of([*members, (name, b"evil")]))
    with pytest.raises(ArchiveError):
        import_bundle(bundle)
    assert nothing_left()
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip",
        make_zip({}),
        make_zip({"train/cats/1.jpg": image_bytes()}),
        make_zip(dict.fromkeys((SUMS, *MEMBERS), b"")),
        make_zip({"README.md": bytes(50_000_000)}),
    ],
    ids=["empty", "text", "nothing", "images", "hollow", "bomb"],
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(ArchiveError) as raised:
        import_bundle(tmp_path / "x.zip")
    assert "image folders" not in str(raised.value)  # what a dataset's zip is told
    assert "a bundle exported from Pawlab" in str(raised.value) or "SHA256SUMS" in str(raised.value)
    assert nothing_left()


def test_a_zip_of_image_folders_is_told_that_it_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(make_zip({"cats/1.jpg": image_bytes()}))
    with pytest.raises(ArchiveError, match=r"This is no bundle: .* a file in a folder: 'cats/1\.jpg'"):
        import_bundle(tmp_path / "x.zip")


def test_a_folder_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError):
        import_bundle(tmp_path)


def test_a_stop_leaves_nothing(bundle: Path) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if (phase, done) == ("check", 3):
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        import_bundle(bundle, progress=stop)
    assert nothing_left()


def rewritten(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def write(copy: Path) -> None:
        about = json.loads((copy / "run.json").read_text(encoding="utf-8"))
        change(about)
        (copy / "run.json").write_text(json.dumps(about), encoding="utf-8")

    return write


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "something else"),
        ("version", 2),
        ("name", ""),
        ("name", "x" * 1000),
        ("classes", ["cats"]),
        ("classes", ["cats", "cats"]),
        ("classes", ["cats", "dogs", "birds"]),
        ("counts", {"train": {"cats": -1, "dogs": 1}, "validation": {"cats": 1, "dogs": 1}}),
        ("val_accuracy", 1.5),
        ("val_loss", float("nan")),
        ("threshold", 2),
        ("threshold", 0.7),
        ("unlike", None),
        ("unlike", {"rejection": 0.05, "cut": 0.1}),
        ("unlike", {"rejection": 2, "cut": 0.1}),
        ("sets", None),
        ("sets", {"level": 0.95, "cutoff": 0.5}),
        ("sets", {"level": 0.8, "cutoff": 0.5}),
        ("sets", {"level": 0.9, "cutoff": -1}),
        ("fingerprint", "../.."),
        ("status", "running"),
        ("settings", {"image_size": 100_000}),
        ("settings", {"image_size": 64}),
        ("history", [{"epoch": 0}]),
        ("directory", "/etc"),
    ],
)
def test_a_manifest_with_another_value_is_refused(folder: Path, tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(ArchiveError, match=r"run\.json|cannot be run|has outputs other|something other"):
        import_bundle(changed(folder, tmp_path / "x.zip", rewritten(lambda about: about.update({key: value}))))
    assert nothing_left()


@pytest.mark.parametrize("what", ["no zip", "other features", "gone"])
def test_a_reference_set_that_is_not_ours_is_refused(folder: Path, tmp_path: Path, what: str) -> None:
    def change(copy: Path) -> None:
        file = copy / "neighbours.npz"
        if what == "gone":
            file.unlink()
        elif what == "no zip":
            file.write_bytes(b"x" * 1000)
        else:
            with np.load(file) as stored:
                arrays = dict(stored)
            np.savez(file, **arrays | {"features": arrays["features"] * np.float16(3)})

    with pytest.raises(ArchiveError, match=r"neighbours\.npz"):
        import_bundle(changed(folder, tmp_path / "x.zip", change))
    assert nothing_left()


def test_a_base_beside_a_model_that_needs_none_is_refused(folder: Path, tmp_path: Path) -> None:
    def add(copy: Path) -> None:
        shutil.copyfile(copy / "model.onnx", copy / "base.onnx")

    with pytest.raises(ArchiveError, match=r"base\.onnx"):
        import_bundle(changed(folder, tmp_path / "x.zip", add))


def test_only_the_graph_of_the_base_is_taken_for_one(folder: Path, weights_cache: Path, tmp_path: Path) -> None:
    base = next((weights_cache / "base").glob("*.onnx"))
    check_base(base)
    with pytest.raises(ArchiveError, match=r"operations|something other"):
        check_base(folder / "model.onnx")


def test_a_bundle_from_before_there_were_reference_sets_and_crops_is_taken(folder: Path, tmp_path: Path) -> None:
    def forget(copy: Path) -> None:
        (copy / "neighbours.npz").unlink()
        for name in ("run.json", "labels.json"):
            about = json.loads((copy / name).read_text(encoding="utf-8"))
            del about["unlike"], about["sets"]
            about.get("settings", {"crop": ""}).pop("crop")
            (copy / name).write_text(json.dumps(about), encoding="utf-8")

    run = import_bundle(changed(folder, tmp_path / "x.zip", forget))
    assert Classifier.open(run).classify(image_bytes()).distance is None
    assert run.config.crop == "squeeze"


def test_a_manifest_of_endless_brackets_is_refused(folder: Path, tmp_path: Path) -> None:
    def write(copy: Path) -> None:
        (copy / "run.json").write_text("[" * 500_000)

    with pytest.raises(ArchiveError, match=r"run\.json"):
        import_bundle(changed(folder, tmp_path / "x.zip", write))


def test_no_path_and_no_address_of_a_stranger_becomes_the_source(folder: Path, tmp_path: Path) -> None:
    for data in ("/etc", "https://example.org/x.zip", "../../secret", "C:\\Users", "", " sample"):
        source = source_of(Manifest.from_json((folder / "run.json").read_bytes()).changed(data=data))
        assert source.startswith("imported:")
        assert not set("/\\") & set(source)
    run = import_bundle(changed(folder, tmp_path / "x.zip", rewritten(lambda about: about.update(data="/etc"))))
    assert run.source == "imported: etc"
    with pytest.raises(DatasetError, match="imported from a bundle"):  # not: no folder of such a name
        training_dataset(run)


def test_the_command_line_brings_a_bundle_back_or_says_why_not(bundle: Path, folder: Path, tmp_path: Path) -> None:
    said = core("import", bundle, "--name", "back", "--json").result
    run = find_run("back")
    assert said == {"run": run.id, "name": "back", "directory": str(run.directory), "classes": ["cats", "dogs"]}

    def remove(copy: Path) -> None:
        (copy / "predict.py").unlink()

    done = core("import", changed(folder, tmp_path / "x.zip", remove), code=2)
    assert "predict.py" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def graph(change: Callable[[onnx.ModelProto], object]) -> Callable[[Path], None]:
    def write(copy: Path) -> None:
        model = onnx.load_model(copy / "model.onnx")
        change(model)
        (copy / "model.onnx").write_bytes(model.SerializeToString())

    return write


def unknown_operation(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Loop", ["image"], ["looped"]))


def other_domain(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.evil"


def external_data(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def external_constant(model: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(3, np.float32))
    model.graph.node[0].attribute.append(helper.make_attribute("value", tensor))


def subgraph(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.append(helper.make_attribute("body", onnx.GraphProto(name="inner")))


def other_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", onnx.TensorProto.FLOAT, [1]))


def three_classes(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 3


def dangling(model: onnx.ModelProto) -> None:
    model.graph.node[5].input[0] = "nowhere"


def function(model: onnx.ModelProto) -> None:
    model.functions.add(name="f", domain="x")


def future(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 99


def huge(model: onnx.ModelProto) -> None:
    """An allowed operation that asks for terabytes."""
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == "pads":
                attribute.ints[:] = [300_000] * 4


def no_text(model: onnx.ModelProto) -> None:
    """An operation whose name is no UTF-8: protobuf raises where it is read."""
    content = model.SerializeToString()
    assert content.count(b"Sigmoid") == 1
    model.ParseFromString(content.replace(b"Sigmoid", b"Sigm\xff\xfed"))


def wide_middle(model: onnx.ModelProto) -> None:
    """The outputs are as before; what lies between them takes gigabytes."""
    first = next(node for node in model.graph.node if node.op_type == "Conv")
    kernel = next(one for one in model.graph.initializer if one.name == first.input[1])
    wide = np.zeros((100_000, *kernel.dims[1:]), np.float32)
    kernel.CopyFrom(numpy_helper.from_array(wide, kernel.name))


def many_units(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        if tensor.name == "head/1_constant":
            tensor.CopyFrom(numpy_helper.from_array(np.zeros((tensor.dims[0], 50_000), np.float32), tensor.name))


def broken_numbers(model: onnx.ModelProto) -> None:
    tensor = next(one for one in model.graph.initializer if one.name.endswith("Conv1/bias"))
    tensor.CopyFrom(numpy_helper.from_array(np.full(32, np.nan, np.float32), tensor.name))


@pytest.mark.parametrize(
    "change",
    [
        unknown_operation,
        other_domain,
        external_data,
        external_constant,
        subgraph,
        other_input,
        three_classes,
        dangling,
        function,
        future,
        huge,
        no_text,
        wide_middle,
        many_units,
        broken_numbers,
    ],
)
def test_an_onnx_file_of_another_kind_is_refused(
    folder: Path, tmp_path: Path, change: Callable[[onnx.ModelProto], None]
) -> None:
    with pytest.raises(ArchiveError, match=r"model\.onnx"):
        import_bundle(changed(folder, tmp_path / "x.zip", graph(change)))
    assert nothing_left()


def test_text_for_a_model_is_refused(folder: Path, tmp_path: Path) -> None:
    def write(copy: Path) -> None:
        (copy / "model.onnx").write_text("hello")

    with pytest.raises(ArchiveError, match=r"model\.onnx"):
        import_bundle(changed(folder, tmp_path / "x.zip", write))


@pytest.mark.parametrize("pooling", ["flatten", "average"])
@pytest.mark.parametrize("classes", [2, 3])
def test_our_own_graphs_pass_and_those_of_other_settings_do_not(tmp_path: Path, pooling: Pooling, classes: int) -> None:
    settings = preset("fast").changed(pooling=pooling, image_size=64, units=4)
    outputs, width = 1 if classes == 2 else classes, feature_plan(settings, "train").width
    head = {name: np.ones(4, np.float32) for name in ("hidden_bias", "gamma", "beta", "moving_mean", "moving_variance")}
    head |= {"hidden_kernel": np.ones((width, 4), np.float32), "output_kernel": np.ones((4, outputs), np.float32)}
    head["output_bias"] = np.ones(outputs, np.float32)
    base = {name: np.ones(shape, np.float32) for name, shape in WEIGHT_SHAPES.items()}
    file = tmp_path / "model.onnx"
    file.write_bytes(classifier_graph(base, head, pooling).SerializeToString())
    check_onnx(file, settings, classes)
    other = settings.changed(pooling="average" if pooling == "flatten" else "flatten")
    for wrong, number in ((settings.changed(units=5), classes), (other, classes), (settings, 5 - classes)):
        with pytest.raises(ArchiveError, match=r"model\.onnx"):
            check_onnx(file, wrong, number)


def keras_file(change: Callable[[Path], object]) -> Callable[[Path], None]:
    def write(copy: Path) -> None:
        inside = copy.with_name("inside")
        shutil.unpack_archive(copy / "model.keras", inside, "zip")
        change(inside)
        with zipfile.ZipFile(copy / "model.keras", "w") as archive:
            for path in sorted(inside.iterdir()):
                archive.write(path, path.name)

    return write


def in_config(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def write(inside: Path) -> None:
        config = json.loads((inside / "config.json").read_text())
        change(config)
        (inside / "config.json").write_text(json.dumps(config))

    return write


def lambda_layer(config: dict[str, Any]) -> None:
    config["config"]["layers"][1] |= {"class_name": "Lambda"}


def own_class(config: dict[str, Any]) -> None:
    config["config"]["layers"][1] |= {"module": "os", "class_name": "system"}


def registered(config: dict[str, Any]) -> None:
    config["config"]["layers"][1]["registered_name"] = "Evil>Layer"


def function_for_activation(config: dict[str, Any]) -> None:
    config["config"]["layers"][-1]["config"]["activation"] = {"class_name": "function", "config": "eval"}


def link_out(inside: Path) -> None:
    import h5py

    with h5py.File(inside / "model.weights.h5", "r+") as root:
        root["more"] = h5py.ExternalLink("/etc/passwd", "/")


def external_array(inside: Path) -> None:
    import h5py

    with h5py.File(inside / "model.weights.h5", "r+") as root:
        root.create_dataset("more", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def more_inside(inside: Path) -> None:
    (inside / "assets.pickle").write_bytes(b"")


def no_numbers(inside: Path) -> None:
    (inside / "model.weights.h5").write_text("hello")


@pytest.mark.parametrize(
    "change",
    [
        *map(in_config, (lambda_layer, own_class, registered, function_for_activation)),
        link_out,
        external_array,
        more_inside,
        no_numbers,
    ],
    ids=["lambda", "class", "registered", "function", "link", "array", "member", "text"],
)
def test_a_keras_file_of_another_kind_is_refused(folder: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    with pytest.raises(ArchiveError, match=r"model\.keras"):
        import_bundle(changed(folder, tmp_path / "x.zip", keras_file(change)))
    assert nothing_left()


@pytest.mark.parametrize(("label", "probability"), [(9, 1.0), (1, 6.0), (1, -1.0)])
def test_predictions_that_are_none_are_refused(folder: Path, tmp_path: Path, label: int, probability: float) -> None:
    def write(copy: Path) -> None:
        with (copy / "validation.npz").open("wb") as file:
            np.savez(file, labels=np.array([0, label]), probabilities=np.full((2, 1), probability, np.float32))

    with pytest.raises(ArchiveError, match=r"validation\.npz"):
        import_bundle(changed(folder, tmp_path / "x.zip", write))
    assert nothing_left()
