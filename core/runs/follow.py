"""What happens to a run, event by event, for whoever waits for its end in a terminal or a notebook."""

import time
from collections.abc import Iterator

from core.runs.history import Event, History
from core.runs.launch import collect
from core.runs.queue import start_next
from core.runs.run import ACTIVE, Run

EVERY = 0.2  # seconds between two looks at the event log


def follow_events(run: Run) -> Iterator[Event]:
    """Yields every event of the run, those of the past first, until nobody works on it. Starts it when its turn in the
    queue comes."""
    history, offset = History(), 0
    while True:
        collect()
        if run.queued():
            start_next()
        active = run.status(history) in ACTIVE  # before the read, so that nothing said before death is missed
        events, offset = run.log.read(offset)
        for event in events:
            history.add(event)
            yield event
        if not active:
            return
        time.sleep(EVERY)
