"""The name `pawlab` for the outside: the command, and the functions of `core.api` as `pawlab.train` and so on.

In the wheel this file is `pawlab/__init__.py`, with `app.py`, `core` and `pages` beside it: site-packages gets no
modules of such common names. They import each other as `core` and `pages`, which is why their folder goes to the front
of `sys.path`: a program that has a module called `core` of its own cannot use Pawlab in the same process.
"""

import sys
from pathlib import Path
from typing import Any

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)


def __getattr__(name: str) -> Any:
    """A function of `core.api`, which is loaded when the first of them is asked for; or the version."""
    if name == "__version__":
        from core import __version__

        return __version__
    from core import api

    if name not in api.__all__:
        raise AttributeError(f"module 'pawlab' has no attribute {name!r}")
    return getattr(api, name)


def __dir__() -> list[str]:
    from core import api

    return [*api.__all__, "__version__"]


def main() -> None:
    """The command `pawlab`: the same as `python -m core`."""
    from core.__main__ import main

    main()


if __name__ == "__main__":
    main()
