"""Decoding in workers: the pixels of `core.images.decode`, and a file that breaks its worker costs nothing but itself.

The workers are real. Some are changed first, to meet a decoder that crashes, hangs or lies.
"""

import errno
import os
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import Any, get_args

import numpy as np
import psutil
import pytest
from PIL import Image

from core.errors import ImageError, LargeImageError, PawlabError
from core.images import decode, isolated
from core.images.crop import Crop
from core.images.exif import Exif
from core.images.limits import MAX_MEMORY, Limits
from core.jobs import pool
from core.jobs.budget import MemoryBudget
from core.jobs.process import PROJECT
from tests.drawing import draw_image, encode, image_bytes
from tests.hostile import bad_files, odd_files, png
from tests.hostile_large import large_files
from tests.workers import DEADLY, HANGS_WITH_THE_LOCK, ChangeWorkers

GOOD = image_bytes(1, (300, 200))
FUNCTIONS: tuple[Callable[[bytes | Path], Any], ...] = (
    lambda source: isolated.load_image(source, 40),
    lambda source: isolated.load_views(source, 40, 96),
    lambda source: isolated.decode_image(source, 96),
    isolated.inspect_image,
    isolated.read_exif,
)


def workers() -> list[psutil.Process]:
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if "core.jobs.pool_worker" in child.cmdline()]


def reason(content: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        isolated.load_image(content, 16)
    assert "save it as JPEG" in str(caught.value)
    return caught.value.received


# --- the same as in this process -------------------------------------------------------------------------------------


@pytest.mark.parametrize("crop", get_args(Crop))
@pytest.mark.parametrize("of", ["bytes", "path"])
def test_everything_is_what_the_decoder_gives(of: str, crop: Crop, tmp_path: Path) -> None:
    path = tmp_path / "a 'quoted'\nname \U0001f436 \udcff.jpg"
    path.write_bytes(GOOD)
    source = GOOD if of == "bytes" else path
    square = decode.load_image(GOOD, 40, crop=crop)
    (listed,) = isolated.load_images([source], 40, crop=crop)
    for loaded in (
        isolated.load_image(source, 40, crop=crop),
        listed,
        isolated.load_scanned_image(path, 40, crop=crop),
    ):
        np.testing.assert_array_equal(loaded, square)
    views = zip(isolated.load_views(source, 40, 96, crop=crop), decode.load_views(GOOD, 40, 96, crop=crop), strict=True)
    for got, expected in views:
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(isolated.decode_image(source), decode.decode_image(GOOD))
    np.testing.assert_array_equal(isolated.decode_image(source, 50), decode.decode_image(GOOD, 50))
    assert isolated.inspect_image(source) == decode.inspect_image(GOOD)[0]
    assert isolated.read_exif(source) == Exif()


def test_a_photo_of_108_million_pixels_is_decoded_at_a_reduced_scale() -> None:
    """As phones take them. All coefficients of a progressive one are in the worker's memory at once."""
    photo = draw_image(1, (12_000, 9_000))
    small = np.asarray(photo.resize((40, 40), Image.Resampling.BILINEAR)).astype(int)
    for progressive in (False, True):
        content = encode(photo, progressive=progressive, quality=75)
        assert np.abs(isolated.load_image(content, 40) - small).max() <= 4, progressive
        square, view = isolated.load_views(content, 40, 480)
        assert np.abs(square - small).max() <= 4, progressive
        assert view.shape == (360, 480, 3)
        facts = isolated.inspect_image(content)
        assert (facts.width, facts.height) == (12_000, 9_000)


def test_a_larger_one_is_refused_with_the_limit_and_the_remedy() -> None:
    content = image_bytes()
    at = content.index(b"\xff\xc0") + 5  # of its height and width, 2 bytes each
    content = content[:at] + (16_000).to_bytes(2) + (16_000).to_bytes(2) + content[at + 4 :]
    assert reason(content) == ("the image has 16000x16000 pixels, more than 250 million pixels: save a smaller copy")


def test_a_path_is_relative_to_where_we_stand_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolated.load_image(GOOD, 16)  # a worker stands where we stood before
    (tmp_path / "a.jpg").write_bytes(GOOD)
    monkeypatch.chdir(tmp_path)
    assert isolated.load_image(Path("a.jpg"), 16).shape == (16, 16, 3)


def test_an_image_can_be_written_to() -> None:
    isolated.load_image(GOOD, 16)[:] = 0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty"),
        (b"text", "not an image in a format that we read (JPEG, PNG, WebP, BMP, GIF, TIFF)"),
        (b"\xff\xd8\xff" + bytes(64 * 2**20), "the file has 64 MB"),
    ],
)
def test_the_decoders_reasons_come_through(content: bytes, expected: str) -> None:
    assert reason(content) == expected


def test_a_stricter_limit_on_pixels_holds_too() -> None:
    with pytest.raises(ImageError, match="300x200 pixels"):
        isolated.load_image(GOOD, 16, max_pixels=300 * 200 - 1)


def test_many_threads_may_ask_at_once() -> None:
    contents = [image_bytes(seed, (60 + seed, 50)) for seed in range(40)]
    contents[7] = b"text"
    with ThreadPoolExecutor(12) as threads:
        jobs = [threads.submit(isolated.load_image, content, 24) for content in contents]
    for number, (job, content) in enumerate(zip(jobs, contents, strict=True)):
        if number == 7:
            assert isinstance(job.exception(), ImageError)
        else:
            np.testing.assert_array_equal(job.result(), decode.load_image(content, 24))


# --- files that break their worker -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(0)", "raise SystemExit", "os.kill(os.getpid(), 9)"])
def test_a_crash_costs_one_file(deadly_images: ChangeWorkers, end: str) -> None:
    deadly_images(end)
    contents = [GOOD, DEADLY, GOOD, DEADLY + b"2", GOOD]
    with ThreadPoolExecutor(5) as threads:
        jobs = [threads.submit(isolated.load_image, content, 16) for content in contents]
    reasons = [error.received if isinstance(error := job.exception(), ImageError) else error for job in jobs]
    assert reasons == [None, "the decoder crashed on it", None, "the decoder crashed on it", None]


def test_a_crash_costs_one_of_several_files(deadly_images: ChangeWorkers, tmp_path: Path) -> None:
    deadly_images("os.abort()")
    contents = [GOOD, b"text", DEADLY, image_bytes(2, (90, 80))]
    files = [tmp_path / str(number) for number in range(5)]  # the last does not exist
    for file, content in zip(files, contents, strict=False):
        file.write_bytes(content)
    first, text, deadly, last, missing, again = isolated.load_images([*files, GOOD], 40)
    np.testing.assert_array_equal(first, decode.load_image(GOOD, 40))
    np.testing.assert_array_equal(last, decode.load_image(contents[3], 40))
    np.testing.assert_array_equal(again, first)
    assert isinstance(text, ImageError) and "not an image" in text.received
    assert isinstance(deadly, ImageError) and deadly.received == "the decoder crashed on it"
    assert isinstance(missing, ImageError) and "cannot be read" in missing.received


def test_a_hang_costs_one_of_several_files(
    deadly_images: ChangeWorkers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its deadline only once."""
    deadly_images(f"open({str(tmp_path / 'tries')!r}, 'a').write('x'); time.sleep(1000)")
    files = [tmp_path / str(number) for number in range(3)]
    for file, content in zip(files, (GOOD, DEADLY, GOOD), strict=True):
        file.write_bytes(content)
    isolated.load_image(GOOD, 16)  # a worker's start takes longer than the deadline below
    monkeypatch.setattr(pool, "SECONDS", 2)
    first, hung, last = isolated.load_images(files, 16)
    assert isinstance(hung, ImageError) and hung.received == "decoding it took more than 2 seconds"
    np.testing.assert_array_equal(first, decode.load_image(GOOD, 16))
    np.testing.assert_array_equal(last, first)
    assert (tmp_path / "tries").read_text() == "x"


@pytest.mark.parametrize("end", ["time.sleep(1000)", HANGS_WITH_THE_LOCK, "os.kill(os.getpid(), 19)"])
def test_a_hang_costs_one_file(deadly_images: ChangeWorkers, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with Python's lock in the decoder's hands, and of a process that is stopped."""
    deadly_images(end)
    isolated.load_image(GOOD, 16)  # a worker's start takes longer than the deadline below
    monkeypatch.setattr(pool, "SECONDS", 1)
    assert reason(DEADLY) == "decoding it took more than 1 seconds"
    monkeypatch.undo()
    assert isolated.load_image(GOOD, 16).shape == (16, 16, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_memory_is_limited(change_workers: ChangeWorkers) -> None:
    change_workers("""
        from core.images import decode
        decode.to_pixels = lambda image: bytearray(300 * 2**20)
    """)
    assert reason(GOOD) == "there is not enough memory to decode the image"


@pytest.mark.parametrize(
    "reply",
    [
        '["pixels", [[16, 16, 3]]], b"short"',
        '["pixels", [[2**40, 2**40, 3]]], b""',
        '["pixels", [[-16, -16, 3]]], bytes(768)',
        '["pixels", [[16, 16]]], bytes(256)',
        '["pixels", []], b""',
        '["pixels", None], b""',
        '["pixels", [[16, 16, 3]] * 3], bytes(3 * 768)',
        '["facts", ["a", None, 1.5, [], {}]], b""',
        '["facts", [{"Title": 1}, "" ]], b""',
        '["refused", 1, 2, 3], b""',
        '["large", 2**20], b""',
        '["large", 2**40], b""',
        '["large", -1], b""',
        '["large", "much"], b""',
        'None, b""',
        '{"pixels": 1}, b""',
    ],
)
def test_a_worker_that_lies_is_not_believed(change_workers: ChangeWorkers, reply: str) -> None:
    change_workers(f"""
        from core.images import serve
        def lie(arguments, content):
            yield {reply}
        serve.serve = lie
    """)
    for function in FUNCTIONS:
        with pytest.raises(ImageError, match="the decoder crashed on it"):
            function(GOOD)


@pytest.mark.parametrize("said", [b"no frame at all" * 99, b"\xff" * 8, b"\5\0\0\0\0\0\0\0{{{{{"])
def test_a_worker_that_talks_nonsense_is_not_waited_for(change_workers: ChangeWorkers, said: bytes) -> None:
    change_workers(f"""
        import time
        from core.jobs.messages import send
        def talk(replies, message, payload=b""):
            if message == "ready":
                return send(replies, message)
            replies.write({said!r})
            replies.flush()
            time.sleep(1000)
        pool_worker.send = talk
    """)
    assert reason(GOOD) == "the decoder crashed on it"


def test_a_worker_that_died_while_it_was_idle_costs_no_file() -> None:
    isolated.load_image(GOOD, 16)
    for worker in workers():
        worker.kill()
    assert isolated.load_image(GOOD, 16).shape == (16, 16, 3)


KILLED = "import os; os.kill(os.getpid(), 9)"


def test_a_worker_that_is_killed_before_it_is_ready_costs_no_file(
    change_workers: ChangeWorkers, tmp_path: Path
) -> None:
    change_workers(f"""
        from pathlib import Path
        if not Path({str(tmp_path / "been here")!r}).exists():
            Path({str(tmp_path / "been here")!r}).touch()
            {KILLED}
    """)
    assert isolated.load_image(GOOD, 16).shape == (16, 16, 3)
    assert (tmp_path / "been here").exists()


@pytest.mark.parametrize(
    "command",
    [["/nowhere/python"], *([sys.executable, "-c", code] for code in ("pass", "!", KILLED))],
    ids=["missing", "ends", "fails", "killed"],
)
def test_without_processes_it_says_so(
    change_workers: ChangeWorkers, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change_workers("")
    monkeypatch.setattr(pool, "COMMAND", command)
    with pytest.raises(PawlabError, match="No process for decoding images could be started") as caught:
        isolated.load_image(GOOD, 16)
    assert not isinstance(caught.value, ImageError)  # it is no fault of the file


def test_a_system_that_refuses_large_pipes_costs_no_file(
    change_workers: ChangeWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Linux does where a user has many of them at a time, in other programs too."""

    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    change_workers("")
    monkeypatch.setattr("fcntl.fcntl", refuse)
    assert isolated.load_image(GOOD, 16).shape == (16, 16, 3)


# --- the corpus ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells a process' own peak of memory there")
@pytest.mark.parametrize("ending", [".jpg", ".png", ".gif", ".bmp", ".webp", ".tif", ".jpeg"])
def test_no_hostile_file_takes_long_or_breaks_a_worker(ending: str) -> None:
    """By the worker's own processor time, which other processes do not lengthen."""
    files = {name: content for name, content in {**bad_files(), **odd_files()}.items() if name.endswith(ending)}
    assert len(files) > 2
    for name, content in files.items():
        before = processor_seconds()
        for function in (isolated.inspect_image, isolated.read_exif):
            try:
                function(content)
            except ImageError as error:
                assert "crashed" not in error.received, name
                assert "seconds" not in error.received, name
        assert processor_seconds() - before < 4, name
    assert max(map(peak, workers())) < MAX_MEMORY  # some are whole images of 100 million pixels


def processor_seconds() -> float:
    return sum(times.user + times.system for times in (worker.cpu_times() for worker in workers()))


def peak(worker: psutil.Process) -> int:
    """The largest resident size so far, in bytes."""
    (line,) = re.findall(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{worker.pid}/status").read_text())
    return 1024 * int(line)


def test_large_images_share_one_limit_on_memory(
    change_workers: ChangeWorkers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small ones wait for nobody."""
    log = tmp_path / "log"
    change_workers(f"""
        import time
        from core.images import decode
        real = decode.to_pixels
        def to_pixels(image):
            if image.height < 9: return real(image)
            with open({str(log)!r}, "a") as file: file.write("+")
            time.sleep(0.05)
            with open({str(log)!r}, "a") as file: file.write("-")
            return real(image)
        decode.to_pixels = to_pixels
    """)
    large, small = image_bytes(1, (60, 50), format="BMP"), image_bytes(1, (8, 8), format="BMP")
    with pytest.raises(LargeImageError) as caught:
        decode.load_image(large, 16, Limits(memory=2_000))
    need = caught.value.memory
    monkeypatch.setattr(isolated, "SMALL_MEMORY", 2_000)
    monkeypatch.setattr(isolated, "LARGE_IMAGES", MemoryBudget(2 * need + need // 2))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: isolated.load_image(large, 16), range(20)))
    inside = list(accumulate({"+": 1, "-": -1}[sign] for sign in log.read_text()))
    assert (len(inside), max(inside), inside[-1]) == (40, 2, 0)
    with isolated.LARGE_IMAGES.take(2 * need + need // 2):
        assert isolated.load_image(small, 16).shape == (16, 16, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells a process' own peak of memory there")
def test_no_large_image_takes_more_memory_or_time_than_is_said(tmp_path: Path) -> None:
    """By the worker's own processor time. What was 2.1 GB and 4 s: all kinds are in `benchmarks.hostile`."""
    for name in ("32-bit integers.tif", "one strip of 16 bits.tif"):
        pool.POOL.close()
        isolated.load_image(GOOD, 16)
        before = processor_seconds()
        isolated.load_image(large_files()[name](), 160)
        assert processor_seconds() - before < 5, name
        assert max(map(peak, workers())) < 1400 * 2**20, name


def test_a_scanned_file_is_decoded_here_unless_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(GOOD)
    expected = decode.load_image(GOOD, 40, crop="center")
    asked: list[object] = []
    real = isolated.load_image

    def load_image(source: Path, size: int, *, crop: Crop) -> np.ndarray:
        asked.append(source)
        return real(source, size, crop=crop)

    monkeypatch.setattr(isolated, "load_image", load_image)
    np.testing.assert_array_equal(isolated.load_scanned_image(tmp_path / "a.jpg", 40, crop="center"), expected)
    assert not asked
    monkeypatch.setattr(isolated, "SMALL_MEMORY", 2_000)
    np.testing.assert_array_equal(isolated.load_scanned_image(tmp_path / "a.jpg", 40, crop="center"), expected)
    assert len(asked) == 1


def test_an_image_of_a_hundred_million_pixels_is_decoded() -> None:
    rows = zlib.compress((b"\0" + bytes(10_000)) * 10_000, 1)
    assert isolated.load_image(png(10_000, 10_000, rows), 16).max() == 0


# --- the life of workers ---------------------------------------------------------------------------------------------


SCRIPT = """
import sys
import time
from core.images.isolated import load_image
load_image(bytes.fromhex(sys.argv[1]), 16)
print("end", flush=True)
if len(sys.argv) > 2:
        time.sleep(1000)
"""


def test_no_worker_outlives_the_one_who_started_it() -> None:
    content = image_bytes(size=(8, 8)).hex()
    script = subprocess.Popen([sys.executable, "-c", SCRIPT, content, "wait"], cwd=PROJECT, stdout=subprocess.PIPE)
    assert script.stdout
    script.stdout.readline()
    children = psutil.Process(script.pid).children()
    assert len(children) == 1
    script.send_signal(signal.SIGKILL)
    script.wait()
    script.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize("way", ["file", "-c", "stdin"])
def test_a_script_without_a_guard_is_not_run_again(tmp_path: Path, way: str) -> None:
    """As multiprocessing's spawn would."""
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    arguments = {"file": [str(file)], "-c": ["-c", SCRIPT], "stdin": ["-"]}[way]
    done = subprocess.run(
        [sys.executable, *arguments, image_bytes(size=(8, 8)).hex()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        input=SCRIPT if way == "stdin" else None,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("end\n", "")


def test_workers_are_few_and_are_used_again() -> None:
    pool.POOL.close()
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda _: isolated.load_image(GOOD, 16), range(100)))
    before = {worker.pid for worker in workers()}
    assert 1 <= len(before) <= pool.NUM_PROCESSES + pool.SPARE
    isolated.load_image(GOOD, 16)
    assert {worker.pid for worker in workers()} == before
