"""The command `runs`."""

from typing import Any

from rich.table import Column, Table

from core.cli.console import err, escape, out, print_json
from core.cli.data import Json
from core.errors import RunError
from core.runs.queue import start_next
from core.runs.run import Run
from core.runs.store import list_runs


def runs(*, json: Json = False) -> None:
    """List all runs, newest first."""
    start_next()  # if the last one was killed with its supervisor
    run_list = list_runs()
    rows, broken = [], run_list.broken
    for run in run_list.runs:
        try:
            rows.append(_row(run))
        except (RunError, OSError) as error:
            broken |= {run.id: str(error)}
    for folder, reason in broken.items():
        err.print(f"broken: {escape(folder)}: {escape(reason)}", soft_wrap=True)
    if json:
        print_json({"runs": rows})
        return
    # Ids are there to be copied: they are never wrapped.
    rest = [Column(title, overflow="fold") for title in ("name", "status", "accuracy", "source")]
    table = Table(Column("run", no_wrap=True), *rest)
    for row in rows:
        accuracy = f"{row['val_accuracy']:.3f}" if row.get("val_accuracy") is not None else ""
        table.add_row(row["run"], escape(row["name"]), row["status"], accuracy, escape(row["source"]))
    out.print(table)


def _row(run: Run) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.id, "name": run.name, "status": run.status(), "source": run.source}
    if run.has_model():
        summary = run.summary()
        row |= {key: summary.get(key) for key in ("best_epoch", "val_accuracy", "val_loss", "classes")}
    return row | {"directory": str(run.directory)}
