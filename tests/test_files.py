"""Files are written whole or not at all, and nothing is written over what is read."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

import limelight as ll
from limelight import files
from limelight.errors import InputError

POSIX = os.name == "posix"


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def no_space(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "e.json"
    path.write_text("old", encoding="utf-8")
    return path


def test_a_file_that_is_written_takes_the_place_of_the_old_one(old: Path) -> None:
    files.write_text(old, "new ≤ old")
    assert old.read_text(encoding="utf-8") == "new ≤ old"
    assert left(old.parent) == ["e.json"]


@pytest.mark.parametrize("how", ["to_json", "to_html"])
def test_a_full_disk_is_an_error_and_the_old_file_stays(how: str, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ll.Explanation.from_json(Path(__file__).parent / "data" / "explanation-v2-table.json")
    monkeypatch.setattr(files.os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        getattr(made, how)(old)
    assert old.read_text(encoding="utf-8") == "old"
    assert left(old.parent) == ["e.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_the_disk_that_is_always_full_is_an_error() -> None:
    with pytest.raises(OSError, match="No space left"):
        files.write_text("/dev/full", "text")


def test_an_error_while_writing_leaves_the_old_file_and_nothing_beside_it(old: Path) -> None:
    with pytest.raises(KeyboardInterrupt), files.replacing(old) as file:
        file.write("half of the")
        raise KeyboardInterrupt
    assert old.read_text(encoding="utf-8") == "old"
    assert left(old.parent) == ["e.json"]


def test_a_reader_sees_the_old_file_until_the_new_one_is_there(old: Path) -> None:
    with files.replacing(old) as file:
        file.write("new")
        file.flush()
        assert old.read_text(encoding="utf-8") == "old"
    assert old.read_text(encoding="utf-8") == "new"


def test_lines_that_were_paid_for_are_kept_beside_where_an_error_ends_them(old: Path) -> None:
    for name in ("e.json.partial", "e.json.partial-1"):  # a second run erases nothing
        with pytest.raises(ZeroDivisionError), files.replacing(old, keep=True) as file:
            file.write("paid\n")
            raise ZeroDivisionError
        assert (old.parent / name).read_text(encoding="utf-8") == "paid\n"
    with pytest.raises(ZeroDivisionError), files.replacing(old, keep=True):
        raise ZeroDivisionError
    assert left(old.parent) == ["e.json", "e.json.partial", "e.json.partial-1"], "nothing was written, nothing is kept"
    assert old.read_text(encoding="utf-8") == "old"


def test_two_writers_of_one_file_do_not_mix(old: Path) -> None:
    with files.replacing(old, keep=True) as one, files.replacing(old, keep=True) as two:
        for number in range(3):
            one.write(f"one {number}\n")
            two.write(f"two {number}\n")
    assert old.read_text(encoding="utf-8") == "one 0\none 1\none 2\n", "the last to end wins, whole"


@pytest.mark.skipif(not POSIX, reason="rights and links are those of POSIX")
def test_rights_and_links_stay_as_they_were(old: Path) -> None:
    old.chmod(0o640)
    link = old.parent / "link.json"
    link.symlink_to(old)
    files.write_text(link, "new")
    assert link.is_symlink()
    assert old.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_a_folder_that_is_not_there_is_named_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere.e\.json"):
        files.write_text(tmp_path / "nowhere" / "e.json", "text")


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "a.png", b"\x89PNG\r\n\xff")
    assert (tmp_path / "a.png").read_bytes() == b"\x89PNG\r\n\xff"


@pytest.mark.parametrize("content", [b"\xff\xfe{}", "é".encode("latin-1")])
def test_a_file_that_is_no_utf_8_is_refused_in_words(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="expected text in UTF-8"):
        ll.Explanation.from_json(path)


def test_a_byte_order_mark_of_an_editor_is_read_over(tmp_path: Path) -> None:
    text = (Path(__file__).parent / "data" / "explanation-v2-table.json").read_text(encoding="utf-8")
    path = tmp_path / "e.json"
    path.write_text(text, encoding="utf-8-sig")
    assert ll.Explanation.from_json(path).targets == ("poor", "rich")


def test_outputs_are_refused_over_inputs_over_each_other_and_where_no_folder_is(old: Path) -> None:
    folder = old.parent
    same = folder / "." / "e.json"
    hard = folder / "hard.json"
    os.link(old, hard)
    for path in (old, same, hard):
        with pytest.raises(InputError, match="--html: expected a file of its own, got .*, which --data reads"):
            files.check_outputs({"--html": path}, {"--data": old})
    with pytest.raises(InputError, match="to which --html writes"):
        files.check_outputs({"--html": folder / "new", "--json": folder / "new"}, {})
    with pytest.raises(InputError, match="make the folder first"):
        files.check_outputs({"--out": folder / "nowhere" / "x"}, {})
    with pytest.raises(InputError, match="which is a folder"):
        files.check_outputs({"--out": folder}, {})
    files.check_outputs({"--out": folder / "new", "--png": None}, {"--data": old, "--row": None})
