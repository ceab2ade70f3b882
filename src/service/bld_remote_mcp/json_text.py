"""JSON as text, read and written by classes of the service's own.

User code may replace functions and methods of Python's json; these are copies that it doesn't see.
"""

import importlib.util
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING


def _copy(name: str) -> ModuleType:
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dumps: Callable[[object], str] = _copy("json.encoder").JSONEncoder(allow_nan=False).encode
"""A value as ASCII JSON. TypeError, ValueError or RecursionError for what JSON can't hold.

NaN and Infinity are no JSON: a client's parser would choke on them.
"""

if TYPE_CHECKING:
    from json import JSONDecoder as JSONDecoder
else:
    JSONDecoder = _copy("json.decoder").JSONDecoder
