"""Rules for the Python files in src that no tool knows."""

import ast
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src"
MOST_LINES = 60


def test_functions_are_short() -> None:
    long = []
    for path in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES:
                long.append(f"{path.relative_to(SRC)}:{node.lineno}: {node.name}, {lines} lines")
    assert long == []


def test_no_two_files_have_a_class_of_one_name() -> None:
    found: dict[str, list[str]] = {}
    for path in sorted(SRC.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(str(path.relative_to(SRC)))
    assert {name: at for name, at in found.items() if len(at) > 1} == {}
