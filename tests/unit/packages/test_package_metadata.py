"""Reading metadata, and RECORD's paths as whoever wrote them meant them."""

import os
import tracemalloc
from pathlib import Path

import pytest
from package_metadata import Distribution, is_elsewhere, read, row_path


def put(folder: Path, rows: list[str]) -> Distribution:
    info = folder / "br-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: br\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{row},,\n" for row in rows))
    return Distribution(str(folder), info.name)


@pytest.mark.parametrize(
    "row",
    [
        "br/a.py",
        "br\\a.py",
        "./br/a.py",
        "br//a.py",
        "br/../br/./a.py",
        "../site-packages/br/a.py",
        "..\\site-packages\\br\\a.py",
        "{folder}/br/a.py",
        "{folder}/br/../br//a.py",
    ],
)
def test_one_file_in_all_its_spellings(tmp_path: Path, row: str) -> None:
    folder = tmp_path / "site-packages"
    one = put(folder, [row.format(folder=folder)])
    assert one.files() == {os.path.join("br", "a.py")}
    assert one.missing_files() == [os.path.join("br", "a.py")]
    assert one.is_half()
    (folder / "br").mkdir()
    (folder / "br" / "a.py").touch()
    assert one.missing_files() == []
    assert not one.is_half()


@pytest.mark.parametrize(
    "row",
    [
        "../../bin/br.py",
        "..\\..\\Scripts\\br.py",
        "/no/such/br.py",
        "{folder}/../br.py",
        "{folder}-other/br.py",
        "C:\\Blender\\5.0\\python\\lib\\site-packages\\br\\a.py",
        "C:/Blender/br.py",
    ],
)
def test_what_lies_elsewhere_is_not_missed(tmp_path: Path, row: str) -> None:
    folder = tmp_path / "site-packages"
    one = put(folder, [row.format(folder=folder)])
    (path,) = one.files()
    assert is_elsewhere(path)
    assert one.missing_files() == []
    assert not one.is_half()


def test_a_folder_by_another_name(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for folder in (tmp_path / "real", tmp_path / "link"):
        assert row_path(str(folder), f"{tmp_path}/real/br/a.py") == os.path.join("br", "a.py")


@pytest.mark.skipif(os.name == "nt", reason="no file there has such a name")
def test_a_name_with_a_backslash(tmp_path: Path) -> None:
    one = put(tmp_path, ["br/a\\x2db.service"])
    (tmp_path / "br").mkdir()
    (tmp_path / "br" / "a\\x2db.service").touch()
    assert one.missing_files() == []
    assert one.files() == {"br/a\\x2db.service"}


def test_what_only_extras_need_is_no_need(tmp_path: Path) -> None:
    one = put(tmp_path, [])
    needs = ["a; extra == 'x'", "b; python_version > '3' or extra == 'x'", "c>=1"]
    text = "Name: br\nVersion: 1.0\n" + "".join(f"Requires-Dist: {need}\n" for need in needs)
    Path(one.path, "METADATA").write_text(text)
    assert Distribution(one.folder, "br-1.0.dist-info").requires == needs[1:]


def test_what_an_egg_info_needs(tmp_path: Path) -> None:
    info = tmp_path / "br-1.0.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("name: br\nVERSION: 1.0\nrequires-dist: first\n")
    (info / "requires.txt").write_text(
        "a<1\nb\n\n[:python_version < '3']\nc\n\n[more]\nd\n\n[more:os_name == 'nt']\ne\n"
    )
    one = Distribution(str(tmp_path), info.name)
    assert (one.name, one.version) == ("br", "1.0")
    assert one.requires == ["first", "a<1", "b", "c; python_version < '3'"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
@pytest.mark.parametrize("name", ["METADATA", "RECORD", "INSTALLER"])
def test_files_that_never_end_and_pipes_that_nobody_writes_into(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("package_metadata.LIMIT", 1000)
    for make in (os.mkfifo, lambda path: os.symlink("/dev/zero", path)):
        one = put(tmp_path / make.__name__, ["br/a.py"])
        path = os.path.join(one.path, name)
        if os.path.exists(path):
            os.remove(path)
        make(path)
        again = Distribution(one.folder, os.path.basename(one.path))
        assert again.version == ("" if name == "METADATA" else "1.0")
        assert name == "RECORD" or again.files() == {os.path.join("br", "a.py")}
        assert (again.problem() is None) == (name == "INSTALLER")


def test_a_small_file_takes_little_memory_and_a_large_one_is_whole(tmp_path: Path) -> None:
    """Windows goes through a whole buffer before it reads a file into it."""
    path = tmp_path / "METADATA"
    for lines in (1, 30_000):
        path.write_bytes(b"Name: \xc3\xa4\xff\r\n" * lines)
        tracemalloc.start()
        try:
            assert read(str(path)) == "Name: ä\ufffd\n" * lines
            _size, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 1_000_000 + 20 * path.stat().st_size
