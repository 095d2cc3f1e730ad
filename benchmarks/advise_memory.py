"""Memory of the process that gives advice: `python -m benchmarks.advise_memory [--times 4]`.

The 3,000 photos (`benchmarks.common.photos_zip`), each `times` over with a byte more at its end, so that every copy is
an image of its own. Two fresh processes look for what would help, nothing cached but the weights: one runs the Improve
page as the server does, where advice is a thread of the server (Streamlit's AppTest: no browser, and no other session),
the other the command `advise`. `before` is the first one's memory when its page is drawn, `peak` the most that it had.
Decoding runs in processes of its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from benchmarks.common import extracted, own_home, photos_zip, print_result
from core.storage.home import home

PAGE, COMMAND = "page", "command"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--child", choices=(PAGE, COMMAND))
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(on_page(options.folder) if options.child == PAGE else by_command(options.folder)))
        return
    cache = home() / "cache" / "weights"
    result: dict[str, Any] = {"benchmark": "advise_memory", "times": options.times}
    with extracted(photos_zip()) as folder:
        for file in sorted(folder.rglob("*.jpg")):
            for copy in range(1, options.times):
                file.with_name(f"{file.stem}-{copy}.jpg").write_bytes(file.read_bytes() + bytes([copy]))
        for child in (PAGE, COMMAND):
            with own_home(cache if cache.is_dir() else None):
                arguments = ["-m", "benchmarks.advise_memory", "--child", child, "--folder", str(folder)]
                done = subprocess.run(
                    [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, check=True, env=dict(os.environ)
                )
                result[child] = json.loads(done.stdout.strip().splitlines()[-1])
    print_result(result)


def on_page(folder: Path) -> dict[str, int]:
    from streamlit.testing.v1 import AppTest

    from core.datasets.current import remember_source
    from core.jobs.process import PROJECT
    from pages.ui.improve.advice import advices
    from pages.ui.shared.data import openings

    remember_source(str(folder))
    app = AppTest.from_file(PROJECT / "pages" / "main.py", default_timeout=3600).switch_page("improve.py").run()
    if job := openings().job(app.session_state["session_id"]):
        job.wait()
        app.run()
    before = psutil.Process().memory_info().rss
    next(button for button in app.button if button.label == "Look for what would help").click().run()
    task = advices().latest
    assert task is not None
    task.wait()
    assert task.result is not None, task.error
    app.run()
    return {"before MB": round(before / 1e6), "peak MB": peak(), "images": task.result.advice.images}


def by_command(folder: Path) -> dict[str, int]:
    from core.advice.advice import advise
    from core.datasets import open_dataset

    advice = advise(open_dataset(folder))
    return {"peak MB": peak(), "images": advice.images}


def peak() -> int:
    """Of this process, so far; on Linux."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)


if __name__ == "__main__":
    main()
