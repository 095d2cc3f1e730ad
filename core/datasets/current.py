"""Which dataset is open: one small file below `home()`, so that it survives a reload and a restart."""

from core.files import read_json, write_json
from core.home import home

SAMPLE = "sample"


def current_source() -> str:
    """The source that was opened last, as `open_dataset` takes it; the drawn sample where there is none."""
    try:
        source = read_json(home() / "dataset.json")["source"]
    except (OSError, ValueError, KeyError, TypeError):
        return SAMPLE
    return source if isinstance(source, str) and source else SAMPLE


def remember_source(source: str) -> None:
    """Makes `source` the one that every page opens. Call it once the source has been opened without an error."""
    home().mkdir(parents=True, exist_ok=True)
    write_json(home() / "dataset.json", {"source": source})
