"""All commands, in the order in which the help lists them."""

import typer

from core.cli import runs
from core.cli.classify import classify
from core.cli.data import clean, sample, scan
from core.cli.evaluate import evaluate
from core.cli.export import export, import_, report
from core.cli.serve import options, serve
from core.cli.train import train
from core.cli.unlike import unlike

app = typer.Typer(add_completion=False, rich_markup_mode=None)

app.callback()(options)
app.command("run")(serve)
app.command()(sample)
app.command()(scan)
app.command()(clean)
app.command()(train)
app.add_typer(runs.commands, name="runs")
app.command()(evaluate)
app.command()(classify)
app.command()(unlike)
app.command()(report)
app.command()(export)
app.command("import")(import_)
