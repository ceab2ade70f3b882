"""bpy.app, which is an object in Blender."""

from collections.abc import Callable
from typing import TypeVar

_Handler = TypeVar("_Handler", bound=Callable[..., None])

class Timers:
    def register(
        self,
        function: Callable[[], float | None],
        first_interval: float = ...,
        persistent: bool = ...,
    ) -> None: ...
    def is_registered(self, function: Callable[[], float | None]) -> bool: ...
    def unregister(self, function: Callable[[], float | None]) -> None: ...

class Handlers:
    # Called with a file path, a Scene or None, depending on the version.
    load_post: list[Callable[..., None]]
    save_post: list[Callable[..., None]]
    def persistent(self, function: _Handler) -> _Handler: ...

# Some versions also have binary_path_python (before 2.91), python_args (not 3.x), online_access
# (4.2 and newer) and module (not the oldest): we ask for these with getattr().
class App:
    version: tuple[int, int, int]
    version_string: str
    build_date: bytes
    binary_path: str
    background: bool
    factory_startup: bool
    timers: Timers
    handlers: Handlers
