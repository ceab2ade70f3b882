"""What is left of pips whose files nobody knows."""

from pathlib import Path

from pip_remains import remove_remains


def test_only_remains_go(tmp_path: Path) -> None:
    def metadata(name: str, *files: str, installer: str = "pip\n") -> None:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "INSTALLER").write_text(installer)
        for file in files:
            (folder / file).touch()

    metadata("pip-24.0.dist-info")
    metadata("pip-26.3.dist-info", "RECORD")
    metadata("pip-23.0.dist-info", "RECORD")
    metadata("pip-22.0.dist-info", installer="debian\n")
    metadata("pip_tools-7.0.dist-info")
    remove_remains(tmp_path, "26.3")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "pip-22.0.dist-info",
        "pip-23.0.dist-info",
        "pip-26.3.dist-info",
        "pip_tools-7.0.dist-info",
    ]
