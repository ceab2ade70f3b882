"""Programs that an interpreter's place may have, and the text that an interpreter is asked with."""

from pathlib import Path

SCRIPTS = Path(__file__).parents[4] / "src" / "remote" / "python"
SOURCE = (SCRIPTS / "interpreter.py").read_text(encoding="utf-8")
PIP_SOURCE = (SCRIPTS / "pip_answers.py").read_text(encoding="utf-8")


def program(folder: Path, text: str) -> str:
    """Make a program of a shell script; gives its path."""
    path = folder / f"python-{len(list(folder.iterdir()))}"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)
