"""Running the pip inside a wheel, with a stand-in for pip."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "src" / "remote" / "bootstrap" / "pip_in_wheel.py"

STAND_IN = """
import json, os, sys
import pip
print(json.dumps({"argv": sys.argv, "name": __name__, "pip": pip.__file__}))
sys.exit(7)
"""


@pytest.mark.parametrize("name", ["pip-1.0-py3-none-any.whl", "mit Leerzeichen/ä'!&-1.whl"])
def test_pip_gets_its_arguments_and_gives_its_status(tmp_path: Path, name: str) -> None:
    wheel = tmp_path / name
    wheel.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pip/__init__.py", "")
        archive.writestr("pip/__main__.py", STAND_IN)
    arguments = ["install", "--find-links", str(tmp_path), "a b"]
    source = SCRIPT.read_text(encoding="utf-8")
    command = [sys.executable, "-I", "-X", "utf8", "-c", source, str(wheel), *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert done.returncode == 7, done.stderr
    seen = json.loads(done.stdout)
    assert seen["name"] == "__main__"
    # The one in the wheel, also where another is installed.
    assert Path(seen["pip"]) == wheel / "pip" / "__init__.py"
    assert seen["argv"][1:] == arguments
    # Called "pip", it would refuse on Windows to install itself.
    assert Path(seen["argv"][0]).name == "__main__.py"
