"""Unpacking a stranger's zip: each attack is a real crafted file, and each must leave nothing behind."""

import io
import os
import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import ArchiveError, Cancelled, PawlabError
from core.storage import archives
from core.storage.archives import ArchiveLimits, extract_zip, path_parts
from core.text.file_names import is_device, is_ignored
from tests.drawing import image_bytes, make_zip

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
# where a field lies behind the signature of a member's header, and behind that of its entry in the table of contents
FIELDS = {"flags": (6, 8, "<H"), "method": (8, 10, "<H"), "packed": (18, 20, "<L"), "size": (22, 24, "<L")}


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def refuse(content: bytes | Path, tmp_path: Path, limits: ArchiveLimits | None = None) -> str:
    """The message that the zip is refused with, after a look that nothing was left behind, inside or outside."""
    before = sorted(tmp_path.rglob("*"))
    inside = tmp_path / "datasets"
    inside.mkdir(exist_ok=True)
    with pytest.raises(ArchiveError) as caught:
        extract_zip(content, inside / "target", limits=limits)
    inside.rmdir()  # fails when anything is left in it
    assert sorted(tmp_path.rglob("*")) == before
    return caught.value.received


def patched(content: bytes, number: int, field: str, value: int, where: str = "both") -> bytes:
    """The zip with a field of member `number` changed in its own header, in the table of contents, or in both."""
    local, central, kind = FIELDS[field]
    changed = bytearray(content)
    for signature, offset, name in ((LOCAL, local, "local"), (CENTRAL, central, "central")):
        if where in {name, "both"}:
            struct.pack_into(kind, changed, _find(content, signature, number) + offset, value)
    return bytes(changed)


def _find(content: bytes, signature: bytes, number: int) -> int:
    at = -1
    for _ in range(number + 1):
        at = content.index(signature, at + 1)
    return at


def with_mode(name: str, mode: int, content: bytes = b"/etc/passwd") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/1.jpg", b"1")
        info = zipfile.ZipInfo(name)
        info.create_system = 3
        info.external_attr = mode << 16
        archive.writestr(info, content)
    return file.getvalue()


def test_an_ordinary_zip_is_unpacked(tmp_path: Path) -> None:
    members = {"train/cats/1.jpg": image_bytes(1), "train/dogs/2.jpg": image_bytes(2), "train/empty/": b""}
    extract_zip(make_zip(members), tmp_path / "deep" / "target")
    assert contents(tmp_path / "deep" / "target") == {name: members[name] for name in list(members)[:2]}
    assert (tmp_path / "deep" / "target" / "train" / "empty").is_dir()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["target"]


def test_a_path_is_read_as_bytes_are(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(make_zip({"a/1.jpg": b"1"}))
    extract_zip(tmp_path / "a.zip", tmp_path / "target")
    assert contents(tmp_path / "target") == {"a/1.jpg": b"1"}


def test_a_zip_with_zip64_fields_is_unpacked(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("a/1.jpg", "w", force_zip64=True) as member:
        member.write(b"1234")
    extract_zip(file.getvalue(), tmp_path / "target")
    assert contents(tmp_path / "target") == {"a/1.jpg": b"1234"}


def test_a_zip_written_as_a_stream_is_unpacked(tmp_path: Path) -> None:
    """Sizes then stand behind the members, not in their headers."""

    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.written += data
            return len(data)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.jpg", b"1" * 100)
        archive.writestr("a/2.jpg", b"2" * 100)
    extract_zip(bytes(stream.written), tmp_path / "target")
    assert contents(tmp_path / "target") == {"a/1.jpg": b"1" * 100, "a/2.jpg": b"2" * 100}


def test_clutter_is_left_out(tmp_path: Path) -> None:
    clutter = ["__MACOSX/a/._1.jpg", "a/.DS_Store", ".git/config", "a/Thumbs.db", "THUMBS.DB", "a/b/Desktop.ini"]
    extract_zip(make_zip(dict.fromkeys([*clutter, "a/1.jpg"], b"1")), tmp_path / "target")
    assert list(contents(tmp_path / "target")) == ["a/1.jpg"]


def test_a_zip_within_is_just_a_file(tmp_path: Path) -> None:
    inner = make_zip({"../evil": b"1"})
    extract_zip(make_zip({"a/inner.zip": inner}), tmp_path / "target")
    assert contents(tmp_path / "target") == {"a/inner.zip": inner}


@pytest.mark.parametrize(
    "name", ['a/it\'s "quoted".jpg', "a/new\nline.jpg", "a/\U0001f436.jpg", "a/\u202egpj.exe", "a/%2e%2e%2fx", "a/CONE"]
)
def test_odd_but_harmless_names_are_kept(tmp_path: Path, name: str) -> None:
    extract_zip(make_zip({name: b"1"}), tmp_path / "target")
    assert contents(tmp_path / "target") == {name: b"1"}


def test_dots_and_double_slashes_in_names_mean_nothing(tmp_path: Path) -> None:
    extract_zip(make_zip({"./": b"", "./a//./1.jpg": b"1"}), tmp_path / "target")
    assert contents(tmp_path / "target") == {"a/1.jpg": b"1"}


# --- names that lead elsewhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../evil.jpg",
        "a/../../evil.jpg",
        "a/b/..",
        "..",
        "/etc/evil.jpg",
        "//host/share/evil.jpg",
        "C:/evil.jpg",
        "c:evil.jpg",
        "..\\evil.jpg",
        "a\\..\\..\\evil.jpg",
        "\\\\host\\share\\evil.jpg",
        "__MACOSX/../../evil.jpg",
        ".hidden/../../evil.jpg",
        "train/D:/evil.jpg",  # from here on: on Windows
        "a/1.jpg:stream",
        "a/CON",
        "a/nul.jpg",
        "a/.. /evil.jpg",
        "a/.../evil.jpg",
    ],
)
def test_a_name_that_leads_out_refuses_the_whole(tmp_path: Path, name: str) -> None:
    message = refuse(make_zip({"a/1.jpg": b"1", name: b"evil", "a/2.jpg": b"2"}), tmp_path)
    assert "name" in message


def test_a_nul_in_a_name_refuses_the_whole(tmp_path: Path) -> None:
    assert "NUL" in refuse(make_zip({"a/1.jpg\0.txt": b"1"}), tmp_path)


@given(
    st.lists(st.text(st.sampled_from("ab./\\:C\0\n~"), min_size=1, max_size=12), min_size=1, max_size=4, unique=True)
)
@example(["a/b", "a"])
def test_no_name_writes_outside_the_target(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("names", numbered=True)
    try:
        extract_zip(make_zip(dict.fromkeys(names, b"1")), folder / "target")
    except ArchiveError:
        assert list(folder.iterdir()) == []
    else:
        assert list(folder.iterdir()) == [folder / "target"]
        assert len(contents(folder / "target")) <= len(names)


part = st.text(st.characters(exclude_characters="/\\\0:", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda text: not is_ignored(text) and not is_device(text) and text.rstrip(". ") != ""
)


@given(st.lists(st.text(st.sampled_from("ab. :CON1.jpg\x7f~"), min_size=1, max_size=12), min_size=1, max_size=4))
@example(["train", "D:", "x.jpg"])
@example(["a", "COM1.txt"])
def test_what_is_accepted_stays_below_its_folder_on_windows_too(parts: list[str]) -> None:
    try:
        accepted = path_parts("/".join(parts), ArchiveLimits(), ArchiveError)
    except ArchiveError:
        return
    path = PureWindowsPath(*accepted)
    assert (path.drive, path.root, path.parts) == ("", "", tuple(accepted))
    assert (PureWindowsPath("C:/home") / path).is_relative_to("C:/home")


@given(st.dictionaries(st.lists(part, min_size=2, max_size=4).map("/".join), st.binary(max_size=50), max_size=5))
def test_what_is_accepted_is_unpacked_exactly(
    tmp_path_factory: pytest.TempPathFactory, members: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("round", numbered=True)
    try:
        extract_zip(make_zip(members), folder / "target")
    except ArchiveError as error:
        assert "twice" in error.received or "file and a folder" in error.received
    else:
        assert contents(folder / "target") == members


# --- what is not an ordinary file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_a_link_or_a_device_refuses_the_whole(tmp_path: Path, kind: int) -> None:
    assert "special file" in refuse(with_mode("a/link.jpg", kind | 0o777), tmp_path)


def test_a_file_behind_a_link_refuses_the_whole(tmp_path: Path) -> None:
    """The classic: a link to a folder outside, then a file below it."""
    content = with_mode("a/out", stat.S_IFLNK | 0o777, b"/tmp")
    with zipfile.ZipFile(buffer := io.BytesIO(content), "a") as archive:
        archive.writestr("a/out/evil.jpg", b"evil")
    refuse(buffer.getvalue(), tmp_path)


def test_permissions_of_ordinary_files_do_no_harm(tmp_path: Path) -> None:
    extract_zip(with_mode("a/x.jpg", stat.S_IFREG | stat.S_ISUID | 0o4777, b"x"), tmp_path / "target")
    assert (tmp_path / "target" / "a" / "x.jpg").stat().st_mode & (stat.S_ISUID | 0o111) == 0


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x2000])
def test_an_encrypted_member_refuses_the_whole(tmp_path: Path, flag: int) -> None:
    content = patched(make_zip({"a/1.jpg": b"1", "a/2.jpg": b"2"}), 1, "flags", flag)
    assert "password" in refuse(content, tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(tmp_path: Path, method: int) -> None:
    assert f"method {method}" in refuse(make_zip({"a/1.jpg": b"1"}, method), tmp_path)


def test_an_unknown_compression_is_refused(tmp_path: Path) -> None:
    assert "method 99" in refuse(patched(make_zip({"a/1.jpg": b"1"}), 0, "method", 99), tmp_path)


# --- members that share something ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a/1.jpg", "A/1.JPG"),
        ("a/stra\u00dfe.jpg", "a/STRASSE.jpg"),
        ("a/\u00e9.jpg", "a/e\u0301.jpg"),
        ("a/1.jpg", "a//./1.jpg"),
        ("a/b/", "a/B/"),
    ],
)
def test_a_name_that_comes_twice_refuses_the_whole(tmp_path: Path, first: str, second: str) -> None:
    assert "twice" in refuse(make_zip({first: b"1", second: b"2"}), tmp_path)


def test_the_very_same_name_twice_refuses_the_whole(tmp_path: Path) -> None:
    content = make_zip({"a/1.jpg": b"1", "a/2.jpg": b"2"}).replace(b"a/2.jpg", b"a/1.jpg")
    assert "twice" in refuse(content, tmp_path)


@pytest.mark.parametrize("names", [("a", "a/1.jpg"), ("a/1.jpg", "a"), ("a/", "A"), ("a/b/c.jpg", "a/B")])
def test_a_name_that_is_file_and_folder_refuses_the_whole(tmp_path: Path, names: tuple[str, str]) -> None:
    message = refuse(make_zip(dict.fromkeys(names, b"")), tmp_path)
    assert "file and a folder" in message or "twice" in message


def test_two_entries_for_the_same_bytes_refuse_the_whole(tmp_path: Path) -> None:
    content = bytearray(make_zip({"a/1.jpg": b"1" * 50, "a/2.jpg": b"1" * 50}))
    struct.pack_into("<L", content, _find(bytes(content), CENTRAL, 1) + 42, 0)  # the second points at the first
    assert "overlap" in refuse(bytes(content), tmp_path)


def test_a_member_that_reaches_into_the_next_refuses_the_whole(tmp_path: Path) -> None:
    """How a bomb without recursion is made: the packed bytes of one hold the header and the bytes of the next."""
    content = make_zip({"a/1.jpg": b"1" * 50, "a/2.jpg": b"2" * 50}, zipfile.ZIP_STORED)
    content = patched(patched(content, 0, "packed", 60), 0, "size", 60)
    assert "overlap" in refuse(content, tmp_path)


def test_a_member_that_reaches_into_the_table_of_contents_refuses_the_whole(tmp_path: Path) -> None:
    content = make_zip({"a/1.jpg": b"1" * 50}, zipfile.ZIP_STORED)
    content = patched(patched(content, 0, "packed", 60), 0, "size", 60)
    assert "table of contents" in refuse(content, tmp_path)


def test_extra_fields_belong_to_a_member(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a/1.jpg", "a/2.jpg"):
            info = zipfile.ZipInfo(name)
            info.extra = struct.pack("<HH", 0x9999, 16) + bytes(16)
            archive.writestr(info, b"1" * 50)
    extract_zip(file.getvalue(), tmp_path / "target")
    content = patched(patched(file.getvalue(), 0, "packed", 60), 0, "size", 60)
    assert "overlap" in refuse(content, tmp_path)


# --- sizes -----------------------------------------------------------------------------------------------------------


def test_a_bomb_of_zeros_is_refused(tmp_path: Path) -> None:
    photo = os.urandom(2**20)  # beside an honest photo, so that the zip as a whole has no striking ratio
    assert "like a zip bomb" in refuse(make_zip({"a/1.jpg": photo, "a/2.jpg": bytes(20 * 2**20)}), tmp_path)


def test_a_bomb_in_small_pieces_is_refused(tmp_path: Path) -> None:
    members = {f"a/{number}.jpg": bytes(8 * 2**20) for number in range(3)}  # each is below the limit for one
    assert "like a zip bomb" in refuse(make_zip(members), tmp_path)


def test_a_bomb_that_declares_no_packed_bytes_is_refused(tmp_path: Path) -> None:
    content = patched(make_zip({"a/1.jpg": b"1"}), 0, "size", 2**31)
    assert "like a zip bomb" in refuse(patched(content, 0, "packed", 0), tmp_path)


def test_text_may_shrink(tmp_path: Path) -> None:
    extract_zip(make_zip({"a/log.txt": b"a line of a log\n" * 500_000}), tmp_path / "target")
    assert (tmp_path / "target" / "a" / "log.txt").stat().st_size == 8_000_000


def test_the_declared_total_is_limited(tmp_path: Path) -> None:
    content = make_zip({"a/1.jpg": bytes(600), "a/2.jpg": bytes(600)}, zipfile.ZIP_STORED)
    assert "unpacks to" in refuse(content, tmp_path, ArchiveLimits(total_bytes=1000))
    extract_zip(content, tmp_path / "target", limits=ArchiveLimits(total_bytes=1200))


def test_the_total_is_counted_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second line of defence, tried with the first taken away."""
    monkeypatch.setattr(archives, "_check_sizes", lambda *_: None)
    content = make_zip({"a/1.jpg": bytes(600), "a/2.jpg": bytes(600)})
    assert "more than it declares" in refuse(content, tmp_path, ArchiveLimits(total_bytes=1000))


def test_eight_gigabytes_are_the_default_limit(tmp_path: Path) -> None:
    content = make_zip({f"a/{number}.jpg": b"1" for number in range(3)})
    for number in range(3):
        content = patched(content, number, "size", 3 * 2**30)
    assert "9.0 GB" in refuse(content, tmp_path)


@pytest.mark.parametrize("where", ["central", "both"])
@pytest.mark.parametrize("declared", [0, 10, 999, 1001, 100_000])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_size_that_lies_refuses_the_whole(tmp_path: Path, declared: int, where: str, method: int) -> None:
    content = make_zip({"a/0.jpg": b"0", "a/1.jpg": os.urandom(1000), "a/2.jpg": b"2"}, method)
    assert "broken" in refuse(patched(content, 1, "size", declared, where), tmp_path)


def test_a_bomb_that_declares_little_writes_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes the checks of declared sizes; what it really unpacks to must not reach the disk."""
    content = patched(make_zip({"a/1.jpg": bytes(50 * 2**20)}), 0, "size", 1000)
    written = 0
    real = Path.open

    def watched(path: Path, mode: str = "r") -> io.BytesIO:
        class Watched(io.BytesIO):
            def write(self, data: Any) -> int:
                nonlocal written
                written += len(data)
                return len(data)

        assert mode == "xb"
        return Watched()

    monkeypatch.setattr(Path, "open", watched)
    message = refuse(content, tmp_path)
    monkeypatch.setattr(Path, "open", real)
    assert "broken" in message
    assert written <= 1000


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    content = make_zip({f"a/{number}.jpg": b"" for number in range(5)})
    assert "more than 4" in refuse(content, tmp_path, ArchiveLimits(members=4))
    extract_zip(content, tmp_path / "target", limits=ArchiveLimits(members=5))


def test_members_are_counted_before_the_table_of_contents_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = CENTRAL + bytes(42)
    table = entry * 200_001
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(table), 0, 0)  # says that there is one member

    def never(*_: object) -> None:
        raise AssertionError("built")

    monkeypatch.setattr(zipfile, "ZipInfo", never)
    assert "more than 200,000" in refuse(table + end, tmp_path)


@pytest.mark.parametrize("limit", [2, 3])
def test_marks_of_members_are_counted_across_pieces(tmp_path: Path, limit: int) -> None:
    """The zip is read in pieces of a megabyte: a mark that lies across two of them counts once."""
    members = {"a/1.jpg": b"", "a/2.jpg": b"", "a/3.jpg": b""}
    for shift in range(1, 5):
        length = 2**20 - 3 * (30 + 7) - shift
        start = make_zip({**members, "a/3.jpg": bytes(length)}, zipfile.ZIP_STORED)
        assert start.index(CENTRAL) == 2**20 - shift
        if limit == 2:
            assert "more than 2" in refuse(start, tmp_path, ArchiveLimits(members=limit))
        else:
            extract_zip(start, tmp_path / f"target{shift}", limits=ArchiveLimits(members=limit))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a/" + "x" * 256, "a name of more than 255 bytes"),
        ("a/" + "\u00e9" * 128, "a name of more than 255 bytes"),
        ("d/" * 32 + "1.jpg", "a file in more than 31 folders"),
    ],
)
def test_a_name_too_long_or_too_deep_refuses_the_whole(tmp_path: Path, name: str, reason: str) -> None:
    assert reason in refuse(make_zip({"a/1.jpg": b"1", name: b"2"}), tmp_path)


def test_the_longest_name_is_unpacked(tmp_path: Path) -> None:
    name = "d/" * 30 + "e" * 255 + "/1.jpg"
    extract_zip(make_zip({name: b"1"}), tmp_path / "target")
    assert contents(tmp_path / "target") == {name: b"1"}


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", image_bytes(), b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "broken" in refuse(content, tmp_path)


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    for path in (tmp_path / "missing.zip", tmp_path, tmp_path / "pipe.zip"):
        refuse(path, tmp_path)


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    content = make_zip({"a/1.jpg": image_bytes(1), "a/2.jpg": image_bytes(2)})
    for cut in range(1, len(content), len(content) // 40):
        refuse(content[:cut], tmp_path)


def test_one_wrong_byte_in_a_image_is_noticed(tmp_path: Path) -> None:
    content = bytearray(make_zip({"a/1.jpg": b"1" * 100, "a/2.jpg": b"2" * 100}, zipfile.ZIP_STORED))
    content[content.index(b"2222") + 50] ^= 1
    assert "CRC" in refuse(bytes(content), tmp_path)


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
def test_damage_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[float, int]]
) -> None:
    folder = tmp_path_factory.mktemp("damage", numbered=True)
    content = bytearray(make_zip({"a/1.jpg": b"11111", "b/2.jpg": b"22222222", "c/": b""}))
    for place, value in damage:
        content[int(place * len(content))] = value
    try:
        extract_zip(bytes(content), folder / "target")
    except ArchiveError:
        assert list(folder.iterdir()) == []
    else:
        assert list(folder.iterdir()) == [folder / "target"]
        assert set(contents(folder / "target").values()) <= {b"11111", b"22222222", b""}


def test_a_full_disk_is_no_fault_of_the_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(PawlabError, match=f"unpacked in {tmp_path}: No space left on device") as raised:
        extract_zip(make_zip({"a/1.jpg": b"1"}), tmp_path / "target")
    assert not isinstance(raised.value, ArchiveError)
    assert list(tmp_path.iterdir()) == []


# --- work ------------------------------------------------------------------------------------------------------------


def test_memory_does_not_grow_with_a_member(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a/1.bin", os.urandom(2**20) * 24)
    tracemalloc.start()
    try:
        extract_zip(tmp_path / "a.zip", tmp_path / "target")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tmp_path / "target" / "a" / "1.bin").stat().st_size == 24 * 2**20
    assert peak < 6 * 2**20


def test_progress_counts_files_up_to_the_end(tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    members = {"a/": b"", "a/1.jpg": b"1", "a/2.jpg": b"2", "a/.hidden": b"3"}
    extract_zip(make_zip(members), tmp_path / "target", lambda *args: reports.append(args))
    assert reports == [("extract", 0, 2), ("extract", 1, 2), ("extract", 2, 2)]


@pytest.mark.parametrize("stop_at", [0, 1, 2])
def test_a_cancelled_extraction_leaves_nothing(tmp_path: Path, stop_at: int) -> None:
    def cancel(phase: str, done: int, total: int) -> None:
        if done == stop_at:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        extract_zip(make_zip({"a/1.jpg": b"1", "a/2.jpg": b"2"}), tmp_path / "datasets" / "target", cancel)
    assert list((tmp_path / "datasets").iterdir()) == []


def test_a_large_member_can_be_cancelled_midway(tmp_path: Path) -> None:
    calls = 0

    def cancel(phase: str, done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Cancelled("stopped")

    content = make_zip({"a/1.bin": bytes(5 * 2**20)}, zipfile.ZIP_STORED)
    with pytest.raises(Cancelled):
        extract_zip(content, tmp_path / "target", cancel)
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_is_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "mine.txt").write_text("mine")
    extract_zip(make_zip({"a/1.jpg": b"1"}), tmp_path / "target")
    assert contents(tmp_path / "target") == {"mine.txt": b"mine"}
