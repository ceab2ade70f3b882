"""Blender's own management of add-ons. Like bpy's, this stub declares only what we use."""

from collections.abc import Callable
from types import ModuleType

__file__: str

def paths() -> list[str]: ...
def enable(
    module_name: str,
    *,
    default_set: bool = ...,
    persistent: bool = ...,
    handle_error: Callable[[BaseException], None] | None = ...,
) -> ModuleType | None: ...
def disable(
    module_name: str,
    *,
    default_set: bool = ...,
    handle_error: Callable[[BaseException], None] | None = ...,
) -> None: ...

# Blender 4.2 and newer.
def extensions_refresh() -> None: ...
