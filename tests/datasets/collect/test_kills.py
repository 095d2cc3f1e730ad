"""A process that is killed while it adds images: each that it acknowledged is there, and none is half written."""

import os
import random
import signal
import subprocess
import sys
import time

from core.datasets.collect.store import open_collection
from core.images.isolated import inspect_image
from core.jobs.process import PROJECT
from tests.datasets.collect.pictures import filled

KILLS = 20
RECORD = """
import os, sys, threading
from core.datasets.collect import collection
from core.datasets.collect.bursts import new_burst
from core.datasets.collect.store import open_collection
from tests.drawing import image_bytes

collection.kept_image = lambda content: (content, ".jpg")  # no decoder for each life: it touches no file
images = [image_bytes(seed, (640, 480), quality=95) for seed in range(20)]
print("ready", flush=True)
for _ in sys.stdin:  # a life for each line
    child = os.fork()
    if child == 0:
        def record(label):
            pets, burst = open_collection("pets"), new_burst()
            for number, content in enumerate(images * 1000, 1):
                os.write(1, (pets.add(label, content, burst, number) + "\\n").encode())
        threading.Thread(target=record, args=("cats",)).start()
        record("dogs")
    os.write(1, f"{child}\\n".encode())
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


def test_what_was_acknowledged_survives_twenty_kills() -> None:
    """Lives are forked from one process, which saves each the imports; the moment of the kill is drawn anew."""
    filled({"cats": [], "dogs": []})
    draw, acknowledged = random.Random(), set[str]()
    with subprocess.Popen(
        [sys.executable, "-c", RECORD], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(KILLS):
            process.stdin.write("\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            acknowledged.add(process.stdout.readline().rstrip())  # it has begun
            time.sleep(draw.uniform(0, 0.15))
            os.kill(child, signal.SIGKILL)
            while (line := process.stdout.readline().rstrip()) != "dead":
                acknowledged.add(line)
        process.stdin.close()
        assert process.wait() == 0
    collection = open_collection("pets")
    there = [path for card in collection.classes() for path in card.images]
    assert acknowledged <= set(there)
    assert len(acknowledged) >= KILLS
    for path in there:
        assert inspect_image(collection.file(path)).width == 640
