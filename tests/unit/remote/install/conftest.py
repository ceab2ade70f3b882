"""What the tests of installs have in common."""

from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture
def script(load: Callable[[str], ModuleType]) -> ModuleType:
    """Give the script that changes the user modules, as a call of it runs."""
    return load("user_modules")
