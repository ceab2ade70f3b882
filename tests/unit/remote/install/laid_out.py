"""Distributions in folders, as pip lays them out, and what is in a folder."""

import csv
from pathlib import Path


def put(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """Lay a distribution out as `pip install --target` does; gives its metadata folder."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    record = folder / info / "RECORD"
    scripts = [f"../../bin/{name}"] if (folder / "bin").exists() else []
    listed = [path for path in files if not path.startswith("bin/")]
    with record.open("w", encoding="utf-8", newline="") as file:
        rows = [[path, "", ""] for path in [*listed, f"{info}/RECORD", *scripts]]
        csv.writer(file).writerows(rows)
    return folder / info


def tree(folder: Path) -> dict[str, str | None]:
    """Give all that is below a folder: files with their text, folders with None."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(errors="surrogateescape")
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(".*"))
