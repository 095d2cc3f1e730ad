"""Which tests are slow: those that lie below a path, or ask for a fixture, that is named here. No file marks its own.
And which are tried again where CI runs them.

`--fast` leaves them out, does not even import a file all of whose tests are slow (TensorFlow alone takes seconds), and
draws fewer examples of each property.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from core.jobs.process import PROJECT

BROWSER = "tests/browser/"
SLOW_PATHS = (
    BROWSER,
    # pages, and real runs
    "tests/pages/",
    "tests/export/",
    "tests/training/keras/",
    "tests/training/loop/",
    # Keras in the test's own process
    "tests/backbone/test_against_keras.py",
    "tests/backbone/test_keras_layers.py",
    "tests/training/test_model_summary.py::test_shapes_and_weights_are_those_of_keras",
    # the pre-trained weights, from the network
    "tests/backbone/test_features.py",
    "tests/backbone/test_weights.py",
    "tests/scale/test_features.py",
    "tests/scale/test_kernels.py",
    "tests/scale/test_training.py",
    # processes of ours, and of others
    "tests/scale/test_cluster.py",
    "tests/scale/test_own_ray.py",
    "tests/scale/test_s3.py",
    "tests/cli/",
    "tests/datasets/edits/test_export_zip_drop.py",
    "tests/datasets/scan/test_pool.py",
    "tests/datasets/test_hostile",
    "tests/images/test_isolated.py",
    "tests/runs/test_launch.py",
    "tests/runs/test_queue_processes.py",
    "tests/test_wheel.py",
    "tests/test_imports.py::test_what_takes_much_memory_is_loaded_only_when_it_is_asked_for",
)
SLOW_FIXTURES = frozenset({"drawn_sample", "keras", "weights_cache"})

settings.register_profile("whole", deadline=None, max_examples=100)
settings.register_profile("fast", deadline=None, max_examples=20)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="only the tests that are not marked slow")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("fast" if config.getoption("fast") else "whole")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    place = collection_path.relative_to(PROJECT).as_posix() + "/" * collection_path.is_dir()
    return True if config.getoption("fast") and place.startswith(SLOW_PATHS) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(BROWSER):
            item.add_marker("browser")
            if os.environ.get("CI"):  # once more, as Playwright's own runner does there; the summary names each
                item.add_marker(pytest.mark.flaky(reruns=1))
        if item.nodeid.startswith(SLOW_PATHS) or SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    if config.getoption("fast"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("slow")])
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
