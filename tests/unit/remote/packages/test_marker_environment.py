"""What markers ask, as packaging has it."""

import sys
from pathlib import Path

import pytest
from marker_environment import marker_environment

WHEEL = Path(__file__).parents[4] / "src" / "remote" / "bootstrap" / "pip_wheel" / "pip.whl"


def test_it_is_what_packaging_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(WHEEL))
    for name in [name for name in sys.modules if name.split(".")[0] == "pip"]:
        monkeypatch.delitem(sys.modules, name)
    from pip._vendor.packaging.markers import default_environment

    assert marker_environment() == dict(default_environment())
