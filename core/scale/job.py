"""A job: what is missing in a folder of parts is computed, and nothing else."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from core.errors import Cancelled, ConfigError, InputError, PawlabError
from core.scale.blocks import Block, Item, cut_into_blocks
from core.scale.engine import Engine
from core.scale.kernel import Kernel
from core.storage.parts import Manifest, PartsFolder

Report = Callable[[int, int, int], None]
"""Called with the numbers of files that are done, of all (0 while unknown), and of those with a reason."""


@dataclass(frozen=True)
class Files:
    """What is worked on: where it comes from, and its files in the order of their paths. `total` is 0 where only the
    end of the listing tells."""

    source: str
    items: Iterable[Item]
    root: str = ""
    classes: tuple[str, ...] = ()
    total: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a job did: files in all, with a reason, and now; and blocks that were computed again after a loss."""

    images: int
    failed: int
    new: int
    parts: int
    repeated: int


def run_job(
    kernel: Kernel, files: Files, folder: PartsFolder, engine: Engine, report: Report, *, resume: bool = False
) -> Outcome:
    """Computes the parts that are missing, and removes those of files that are no longer there.

    Raises:
        ConfigError: The folder is not empty, and `resume` is False.
        InputError: It holds something else; or no worker is of the kind that began it.
        Cancelled: Ctrl-C. The finished parts stay.
        PawlabError, OSError: The work cannot be done, or the parts not be written. The finished parts stay.
    """
    manifest = _begin(kernel, files, folder, resume=resume)
    there, wanted = folder.part_keys(), set[str]()
    done = failed = new = 0

    def missing() -> Iterator[Block]:
        nonlocal done
        for block in cut_into_blocks(files.items, kernel.most, kernel.identity):
            if block.key in wanted:  # a list that names files twice
                continue
            wanted.add(block.key)
            if block.key in there:
                done += len(block.items)
            else:
                yield block

    try:
        with closing(engine.run(kernel, missing(), manifest.probe)) as parts:
            for worker, part in parts:
                if not manifest.probe:
                    manifest = manifest.model_copy(update={"probe": worker.probe, "processor": worker.processor})
                    folder.write_manifest(manifest)
                if part.content is not None:
                    folder.write(part.block.key, part.content)
                done, new = done + len(part.block.items), new + len(part.block.items)
                failed += part.failed
                report(done, files.total, failed)
    except KeyboardInterrupt:
        left = f" of {files.total:,}" if files.total else ""
        raise Cancelled(
            f"Stopped after {done:,}{left} files. Their rows are in {folder.place.text}",
            fix="Run the same command with --resume",
        ) from None
    if not wanted:
        raise InputError(f"{files.source} contains no files", "a folder, zip or list with images")
    if lost := wanted - folder.part_keys():
        raise PawlabError(
            f"{len(lost):,} parts that workers wrote are not in {folder.place.text}",
            "a folder or address that is the same one for every worker",
            "Write to a shared folder or a bucket, and run the same command with --resume",
        )
    for key in there - wanted:
        folder.remove(key)
    failed += sum(folder.failed(key) for key in there & wanted)
    update = {"parts": len(wanted), "images": done, "failed": failed, "classes": files.classes}
    folder.write_manifest(manifest.model_copy(update=update))
    return Outcome(done, failed, new, len(wanted), engine.repeated)


def _begin(kernel: Kernel, files: Files, folder: PartsFolder, *, resume: bool) -> Manifest:
    fresh = Manifest(
        kind=kernel.kind,
        version=kernel.version,
        settings=kernel.settings,
        source=files.source,
        root=files.root,
        classes=files.classes,
    )
    if folder.is_empty():
        folder.write_manifest(fresh)
        return fresh
    if not resume:
        raise ConfigError(
            f"{folder.place.text} is not empty", "a new folder", "Choose another one, or continue it with --resume"
        )
    begun = folder.manifest()
    folder.drop_unfinished()
    if differences := _differences(begun, fresh):
        raise InputError(
            f"{folder.place.text} was begun with other settings: {differences}",
            "the command that began it",
            "Use the same options, or another folder",
        )
    begun = begun.model_copy(update={"source": files.source, "root": files.root} | _UNFINISHED)
    folder.write_manifest(begun)
    return begun


_UNFINISHED: dict[str, Any] = {"parts": None, "images": None, "failed": None}


def _differences(begun: Manifest, fresh: Manifest) -> str:
    """In words, without values that say nothing to anybody."""
    if (begun.kind, begun.version) != (fresh.kind, fresh.version):
        return f"{begun.kind} of version {begun.version}"
    names = sorted(begun.settings.keys() | fresh.settings.keys())
    return ", ".join(name for name in names if begun.settings.get(name) != fresh.settings.get(name))
