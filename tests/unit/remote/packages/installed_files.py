"""Puts distributions into folders, as installers do."""

import os
from pathlib import Path

LONG_AGO = 946684800


def put(
    folder: Path,
    name: str,
    version: str = "1.0",
    files: dict[str, str] | None = None,
    *,
    installer: str | None = "pip",
    top_level: str | None = None,
    requires: tuple[str, ...] = (),
) -> Path:
    """Install a distribution as pip does; gives its metadata folder."""
    module = name.lower().replace("-", "_").replace(".", "_")
    info = f"{module}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    everything = {f"{module}/__init__.py": ""} if files is None else dict(files)
    everything[f"{info}/METADATA"] = "\n".join(metadata) + "\n\nName: not this one\n"
    if installer is not None:
        everything[f"{info}/INSTALLER"] = f"{installer}\n"
    if top_level is not None:
        everything[f"{info}/top_level.txt"] = top_level
    record = "".join(f"{path},,\n" for path in [*everything, f"{info}/RECORD"])
    for path, text in {**everything, f"{info}/RECORD": record}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder / info


def age(info: Path) -> None:
    """Make a distribution's metadata older than everything."""
    for file in info.iterdir():
        os.utime(file, (LONG_AGO, LONG_AGO))
