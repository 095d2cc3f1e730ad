"""All commands, in the order in which the help lists them, with examples."""

import typer

from core.cli import project, runs
from core.cli.advise import advise
from core.cli.classify import classify
from core.cli.compare import compare
from core.cli.data import clean, sample, scan
from core.cli.evaluate import evaluate
from core.cli.export import export, import_, report
from core.cli.features import features
from core.cli.serve import options, serve
from core.cli.train import train
from core.cli.unlike import unlike
from core.jobs.process import PROGRAM

EXAMPLES = {
    "": (
        "run",
        "train --data PHOTOS --preset fast --name pets",
        "evaluate pets",
        "classify HOLIDAY --run pets --csv predictions.csv",
        "export pets pets.zip",
    ),
    "scan": ("scan PHOTOS", "scan photos.zip --json"),
    "advise": ("advise PHOTOS", "advise PHOTOS --run pets --json"),
    "clean": ("clean PHOTOS clean.zip --drop leaks,duplicates",),
    "train": (
        "train --data PHOTOS --preset fast --name pets",
        "train --resume pets",
        "train --fine-tune pets --layers 20 --epochs 5",
    ),
    "evaluate": ("evaluate pets", "evaluate pets --on OTHER_PHOTOS --json"),
    "compare": ("compare pets pets-224", "compare pets pets-224 --json"),
    "classify": (
        "classify cat.jpg HOLIDAY --run pets",
        "classify HOLIDAY --run pets --csv predictions.csv --resume",
        "classify HOLIDAY --run pets --sort-into SORTED",
        "classify - --run pets --csv - < paths.txt > predictions.csv",
    ),
    "features": (
        "features PHOTOS FEATURES",
        "features s3://museum/photos s3://museum/features --engine ray --address ray://head:10001 --resume",
    ),
    "unlike": ("unlike pets", "unlike pets --reject 0.02 --on OTHER_THINGS"),
    "export": ("export pets pets.zip", "export pets pets.html --force"),
}


def _examples(name: str) -> str:
    """The end of a help text; \\b keeps its lines."""
    return "\n".join(["\b", "Examples:", *(f"  {PROGRAM} {command}" for command in EXAMPLES[name])])


# A shell completes the installed command; what a checkout begins with is three words.
app = typer.Typer(add_completion=PROGRAM == "pawlab", rich_markup_mode=None)

app.callback(epilog=_examples(""))(options)
app.command("run")(serve)
app.command()(sample)
app.command(epilog=_examples("scan"))(scan)
app.command(epilog=_examples("clean"))(clean)
app.command(epilog=_examples("advise"))(advise)
app.command(epilog=_examples("train"))(train)
app.command(epilog=_examples("evaluate"))(evaluate)
app.command(epilog=_examples("compare"))(compare)
app.command(epilog=_examples("classify"))(classify)
app.command(epilog=_examples("features"))(features)
app.command(epilog=_examples("unlike"))(unlike)
app.command()(report)
app.command(epilog=_examples("export"))(export)
app.command("import")(import_)
app.add_typer(project.commands, name="project")
app.add_typer(runs.commands, name="runs")
