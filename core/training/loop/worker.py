"""Trains one run, in the process of `core.training.loop.worker_process`.

Reads `config.json`, writes events and results into the same folder, and stops soon after a file named `cancel` appears
there. Killed at any moment, the same command resumes from the latest checkpoint.
"""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.backbone.feature_parts import take_features
from core.backbone.graph import cached_base
from core.backbone.weights import Weights, resolve_weights
from core.datasets import Dataset, open_dataset
from core.datasets.edits.apply import apply_actions
from core.datasets.trainable import check_trainable
from core.errors import Cancelled, InputError, PawlabError
from core.jobs.memory import peak_memory
from core.runs import sample_images as samples
from core.runs.disk_errors import storage_error
from core.runs.feature_plan import TRAINED_SPLITS, copies_of, feature_plan, workload_of
from core.runs.run import Run
from core.storage.files import drop_unfinished, write_json
from core.training.head.fit import fit
from core.training.keras.fine_tune_fit import fine_tune, first_state
from core.training.keras.process import KerasProcess
from core.training.loop.checkpoint import drop_checkpoints
from core.training.loop.epochs import Features, TrainingCallbacks
from core.training.loop.feature_pass import FeaturePass
from core.training.loop.saving import Trained, save_run
from core.training.loop.second_stage import drop_start, load_start
from core.training.loop.tool_logs import ToolLogs
from core.training.time_left import seconds_after_features

WRITTEN = ("checkpoint-*", "*.onnx", "*.npz", "run.json", "history.csv")  # by the worker alone
PROGRESS_EVERY = 0.2  # seconds
WRITE_EVERY = 0.1  # seconds: batches of a small head follow each other so fast that writing each alone took a fifth


class Worker:
    """One run from its configuration to its model. Phases run in order and say so in the event log.

    Args:
        keras: The process that saves `model.keras`; without one it is saved here.
    """

    def __init__(self, run: Run, keras: KerasProcess | None = None) -> None:
        self.run, self.config, self._keras = run, run.config, keras
        self._logs = ToolLogs(run.directory)
        self._last_progress = self._last_write = 0.0
        self._unwritten: list[dict[str, Any]] = []

    def work(self) -> None:
        """Runs every phase. The last event says how it ended; nothing is raised."""
        try:
            for written in WRITTEN:  # left by an earlier worker of this run that was killed
                drop_unfinished(self.run.directory, written)
            self._work()
        except Cancelled as stopped:
            self.emit("status", status="cancelled", reason=str(stopped))
        except PawlabError as error:
            self.emit("status", status="failed", reason=str(error), bad_input=isinstance(error, InputError))
        except MemoryError:
            self.emit("status", status="failed", reason="The machine ran out of memory. Use a smaller image size.")
        except OSError as error:
            traceback.print_exc()
            self.emit("status", status="failed", reason=str(storage_error(error, self.run.directory)))
        except Exception as error:
            traceback.print_exc()
            self.emit("status", status="failed", reason=f"A bug in Pawlab: {type(error).__name__}: {error}")
        finally:
            self._logs.close()

    def emit(self, event: str, **fields: Any) -> None:
        """Appends an event (`core.runs.history`) to the log; batches several at a time. Raises OSError."""
        self._unwritten.append({"event": event, "time": time.time(), **fields})
        now = time.monotonic()
        if event == "batch" and now - self._last_write < WRITE_EVERY:
            return
        self._last_write, entries, self._unwritten = now, self._unwritten, []
        self.run.log.extend(entries)
        for entry in entries:
            self._logs.add(entry)

    def _work(self) -> None:
        with self._phase("data"):
            dataset = open_dataset(
                self.run.source,
                validation_split=self.config.validation_split,
                seed=self.config.seed,
                edits=False,
                progress=self._progress,
            )
            dataset = apply_actions(dataset, self.run.edits())  # as they were when the run was created
            if self.run.content not in ("", dataset.content()):
                self.emit("data_changed")
            check_trainable(dataset)
        self._lay_out_samples(dataset)
        trained = self._fine_tuned(dataset) if self.run.fine_tuning else self._head_trained(dataset)
        state = trained.state
        if state.best is None:
            raise Cancelled("Stopped before the first epoch ended, so there is no model yet")
        complete = state.early_stopping.stop or state.epoch == self.run.last_epoch
        with self._phase("save"):
            summary = save_run(self.run, dataset, trained, state.best, self._keras)
        history = self.run.history()
        summary["status"] = "finished" if complete else "cancelled"
        summary["seconds"] = {**history.seconds, "total": sum(history.seconds.values())}
        summary["peak_memory_mb"] = round((peak_memory() + (self._keras.peak_memory if self._keras else 0)) / 1e6)
        write_json(self.run.directory / "run.json", summary)
        stopped = f"Stopped after epoch {state.epoch} of {self.run.last_epoch}; the best model is kept"
        self.emit("status", status=summary["status"], reason="" if complete else stopped)
        if complete:
            drop_checkpoints(self.run.directory)
            drop_start(self.run)

    def _lay_out_samples(self, dataset: Dataset) -> None:
        chosen = samples.choose(dataset.usable("validation"), dataset.classes, self.config.seed)
        self.emit("samples", **samples.lay_out(self.run.directory, dataset, chosen))
        copies = copies_of(self.config, "validation")
        rows = [place * (1 + copies) for place in chosen]  # an original, its copies, the next original
        self._callbacks = TrainingCallbacks(self.emit, self.run.cancel_requested, rows)

    def _head_trained(self, dataset: Dataset) -> Trained:
        """The first stage: trains the head on the features of the frozen base."""
        with self._phase("weights"):
            weights = resolve_weights(self._progress)
            base = cached_base(weights)
        with self._phase("features"):
            features = self._features(dataset, base, weights)
        with self._phase("head"):
            state = fit(self.run.directory, features, len(dataset.classes), self.config, self._callbacks)
        return Trained(state, features.validation.labels, weights)

    def _fine_tuned(self, dataset: Dataset) -> Trained:
        """The second stage: trains the last layers with the head, on the output of the frozen blocks."""
        from core.training.keras.fine_tune_model import LastLayers

        stage = self.run.fine_tuning
        assert stage is not None
        with self._phase("unfreeze"):
            start = load_start(self.run)
            start.check(dataset)
            layers = LastLayers(start.model, self.config, stage.settings, start.summary.temperature)
            weights = start.weights(layers.start)
            blocks = stage.settings.blocks
            base = cached_base(weights, blocks)
        with self._phase("features"):
            features = self._features(dataset, base, weights, blocks)
        with self._phase("fine_tune"):
            first = first_state(self.config, stage, start.best(layers.weights()), start.loss)
            state = fine_tune(
                self.run.directory, layers, features, self.config, first, stage.last_epoch, self._callbacks
            )
        if state.epoch < stage.first_epoch:
            raise Cancelled("Stopped before the first epoch ended, so nothing is fine-tuned yet")
        return Trained(state, features.validation.labels, weights, start.facts(stage))

    def _features(self, dataset: Dataset, base: Path, weights: Weights, blocks: int = 0) -> Features:
        """Of both splits. With `blocks` they are the output of so many blocks of the base, else of all of it."""
        plans = {split: feature_plan(self.config, split) for split in TRAINED_SPLITS}
        if dataset.source.kind == "features" and not blocks:
            take_features(dataset.source.files, dataset, plans, weights.provenance.digest, self._progress)
        work, digest = workload_of(dataset, self.config, weights.provenance.digest), weights.provenance.digest
        new_rows = work.new_rows
        if blocks:
            plans = {split: replace(plan, pooling="flatten", blocks=blocks) for split, plan in plans.items()}
            new_rows = work.train_rows + work.validation_rows
        else:
            self.emit("expected", seconds=seconds_after_features(work, self.config))
        features = FeaturePass(self.run.directory, dataset, new_rows, self._progress).extract(plans, base, digest)
        return Features(features["train"], features["validation"])

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        self.emit("phase", phase=name)
        yield
        self.emit("phase_end", phase=name, seconds=time.perf_counter() - started)

    def _progress(self, phase: str, done: int, total: int, image: Callable[[], dict[str, Any]] = dict) -> None:
        """`image` makes the fields on the latest image, if the event is written."""
        if self.run.cancel_requested():
            raise Cancelled("Stopped before training began, so there is no model yet")
        now = time.monotonic()
        if now - self._last_progress >= PROGRESS_EVERY or done in (0, total):
            self._last_progress = now
            self.emit("progress", phase=phase, done=done, total=total, **image())
