"""Trains one run, in the process of `core.training.worker_process`.

Reads `config.json`, writes events and what a run leaves into the same folder, and stops soon after a file named
`cancel` appears there. Killed at any moment, the same command goes on from the last finished epoch.
"""

import io
import os
import platform
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import IMAGE
from core.backbone.arrays import Arrays, digest_of
from core.backbone.features import extract_features
from core.backbone.graph import cached_base
from core.backbone.rows import FeatureArray
from core.backbone.session import open_session
from core.backbone.weights import Weights, resolve_weights
from core.datasets import Dataset, open_dataset
from core.datasets.actions import apply_actions, count_edits
from core.datasets.trainable import check_trainable
from core.errors import Cancelled, InputError, PawlabError
from core.files import drop_unfinished, write_atomic, write_json
from core.images import load_image
from core.memory import peak_memory
from core.training import samples
from core.training.checkpoint import Best, State, drop_checkpoints
from core.training.epochs import Channel
from core.training.fine_tune_fit import fine_tune, first_state
from core.training.fit import fit
from core.training.keras_process import KerasProcess
from core.training.onnx_model import PROBABILITIES, classifier_graph
from core.training.runs import Run
from core.training.second_stage import drop_start, load_start
from core.training.storage import storage_error
from core.training.sweep import Floats
from core.training.tool_logs import ToolLogs
from core.training.workload import copies_of, feature_plan

WRITTEN = ("checkpoint-*", "model.onnx", "validation.npz", "run.json", "history.csv")  # by the worker alone
VERIFIED_IMAGES = 8  # validation pictures on which model.keras and model.onnx are compared
PROGRESS_EVERY = 0.2  # seconds
WRITE_EVERY = 0.1  # seconds: batches of a small head follow each other so fast that writing each alone took a fifth


@dataclass(frozen=True)
class Trained:
    """What a stage ended with: its state, the labels of the validation rows, the base's weights at its beginning, and
    what the summary says besides."""

    state: State
    labels: NDArray[np.int64]
    weights: Weights
    facts: dict[str, Any] = field(default_factory=dict)


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
            for written in WRITTEN:  # what an earlier worker of this run was killed over
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
        """Writes an event (`core.training.history`) down; of batches several at a time. Raises OSError."""
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
            check_trainable(dataset)
        self._lay_out_samples(dataset)
        trained = self._fine_tuned(dataset) if self.run.fine_tuning else self._head_trained(dataset)
        state = trained.state
        if state.best is None:
            raise Cancelled("Stopped before the first epoch ended, so there is no model yet")
        complete = state.early_stopping.stop or state.epoch == self.run.last_epoch
        with self._phase("save"):
            summary = self._save(dataset, trained, state.best)
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
        self._channel = Channel(self.emit, self.run.cancel_requested, rows)

    def _head_trained(self, dataset: Dataset) -> "Trained":
        """The first stage: the head, on what the whole frozen base makes of the pictures."""
        with self._phase("weights"):
            weights = resolve_weights(progress=self._progress)
            base = cached_base(weights)
        with self._phase("features"):
            train = self._features(dataset, "train", base, weights)
            validation = self._features(dataset, "validation", base, weights)
        with self._phase("head"):
            classes = len(dataset.classes)
            state = fit(self.run.directory, train, validation, classes, self.config, self._channel)
        return Trained(state, validation.labels, weights)

    def _fine_tuned(self, dataset: Dataset) -> "Trained":
        """The second stage: the last layers with the head, on what the frozen blocks make of the pictures."""
        from core.training.fine_tune_model import LastLayers

        stage = self.run.fine_tuning
        assert stage is not None
        with self._phase("unfreeze"):
            start = load_start(self.run)
            start.check(dataset)
            layers = LastLayers(start.model, self.config, stage.settings)
            weights = start.weights(layers.start)
            blocks = stage.settings.blocks
            base = cached_base(weights, blocks)
        with self._phase("features"):
            train = self._features(dataset, "train", base, weights, blocks)
            validation = self._features(dataset, "validation", base, weights, blocks)
        with self._phase("fine_tune"):
            first = first_state(self.config, stage, start.best(layers.weights()), start.loss)
            state = fine_tune(
                self.run.directory, layers, train, validation, self.config, first, stage.last_epoch, self._channel
            )
        if state.epoch < stage.first_epoch:
            raise Cancelled("Stopped before the first epoch ended, so nothing is fine-tuned yet")
        return Trained(state, validation.labels, weights, start.facts(stage))

    def _features(self, dataset: Dataset, split: str, base: Path, weights: Weights, blocks: int = 0) -> FeatureArray:
        plan = feature_plan(self.config, split)
        if blocks:
            plan = replace(plan, pooling="flatten", blocks=blocks)
        return extract_features(dataset, split, plan, base, weights.provenance.digest, self._progress)

    def _save(self, dataset: Dataset, trained: "Trained", best: Best) -> dict[str, Any]:
        """Writes both models and the validation predictions, checks them against each other, gives the summary."""
        run, config = self.run, self.config
        arrays = trained.weights.arrays
        changed = {name: values for name, values in best.weights.items() if name in arrays}
        base = {**arrays, **changed}
        graph = classifier_graph(base, best.weights, config.pooling).SerializeToString()
        records = dataset.usable("validation")
        digests = b"".join(bytes.fromhex(record.digest) for record in records)  # tell runs which pictures they share
        pictures = np.frombuffer(digests, np.uint8).reshape(len(records), -1)
        told = io.BytesIO()
        np.savez(told, probabilities=best.probabilities, labels=trained.labels, pictures=pictures)
        chosen = np.unique(np.linspace(0, len(records) - 1, VERIFIED_IMAGES).astype(int))
        images = np.stack([load_image(dataset.file(records[i]), config.image_size) for i in chosen]).astype(np.float32)
        answers = open_session(graph, threads=os.cpu_count() or 1).run([PROBABILITIES], {IMAGE: images})[0]
        difference = self._save_keras(base, best.weights, images, answers)
        # Side by side with the first: a run that was stopped has the three already, and they must belong together.
        write_atomic(run.directory / "model.onnx", graph)
        write_atomic(run.directory / "validation.npz", told.getvalue())
        epochs = run.history().epochs
        point = epochs[best.epoch - 1]
        return {
            "run": run.id,
            "directory": str(run.directory),
            "name": run.name,
            "source": run.source,
            "classes": list(dataset.classes),
            "counts": dataset.counts(),
            "edits": count_edits(dataset),
            "fingerprint": dataset.fingerprint,
            "best_epoch": best.epoch,
            "epochs": len(epochs),
            "val_accuracy": point["val_accuracy"],
            "val_loss": point["val_loss"],
            "keras_onnx_difference": difference,
            "settings": config.model_dump(mode="json"),
            "weights": asdict(trained.weights.provenance),
            "versions": {name: version(name) for name in ("tensorflow", "keras", "onnxruntime", "numpy", "pillow")}
            | {"python": platform.python_version()},
            **trained.facts,
            **({"fine_tuned_digest": digest_of(base)} if changed else {}),
        }

    def _save_keras(self, base: Arrays, head: dict[str, Floats], images: Floats, answers: Floats) -> float:
        if self._keras:
            return self._keras.save(base, head, images, answers)
        from core.training.keras_model import build_classifier, save_verified

        unfrozen = self.run.fine_tuning.settings.layers if self.run.fine_tuning else 0
        model = build_classifier(base, head, self.config, unfrozen)
        return save_verified(model, self.run.directory / "model.keras", images, answers)

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        self.emit("phase", phase=name)
        yield
        self.emit("phase_end", phase=name, seconds=time.perf_counter() - started)

    def _progress(self, phase: str, done: int, total: int) -> None:
        if self.run.cancel_requested():
            raise Cancelled("Stopped before training began, so there is no model yet")
        now = time.monotonic()
        if now - self._last_progress >= PROGRESS_EVERY or done in (0, total):
            self._last_progress = now
            self.emit("progress", phase=phase, done=done, total=total)
