"""Programs that an interpreter's place may have, and the text that an interpreter is asked with."""

from pathlib import Path

from systems import program

SCRIPTS = Path(__file__).parents[4] / "src" / "remote" / "python"
SOURCE = (SCRIPTS / "interpreter.py").read_text(encoding="utf-8")
PIP_SOURCE = (SCRIPTS / "pip_answers.py").read_text(encoding="utf-8")


def another(folder: Path, text: str) -> str:
    """Make a program that could be a Python by its name; gives its path."""
    return program(folder / f"python-{len(list(folder.iterdir()))}", text)
