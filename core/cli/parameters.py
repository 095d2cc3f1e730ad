"""Arguments and options that several commands share."""

from typing import Annotated

import typer

SOURCE = (
    "A folder, a zip, the address of a zip, a collection's name, 'cats_and_dogs', or one that is drawn: 'sample', "
    "'flawed_sample', 'shortcut_sample'."
)
RUN = "A run's id, name or folder."

RunName = Annotated[str, typer.Argument(metavar="RUN", help=RUN)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
