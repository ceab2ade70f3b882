from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

_Item = TypeVar("_Item")

# What Blender calls bpy_prop_collection: a sequence that also finds by name.
class _Collection(Generic[_Item]):
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[_Item]: ...
    def __contains__(self, name: str) -> bool: ...
    def __getitem__(self, key: int | str) -> _Item: ...
    def get(self, name: str) -> _Item | None: ...

class Area:
    type: str

class Screen:
    areas: _Collection[Area]

class Window:
    screen: Screen

class WindowManager:
    windows: _Collection[Window]

class Material:
    name: str

class MaterialSlot:
    material: Material | None

class Mesh:
    vertices: Sequence[object]
    edges: Sequence[object]
    polygons: Sequence[object]

class Object:
    name: str
    type: str
    location: Sequence[float]
    rotation_euler: Sequence[float]
    scale: Sequence[float]
    dimensions: Sequence[float]
    material_slots: _Collection[MaterialSlot]
    # Of another class where the type isn't "MESH".
    data: Mesh | None
    def visible_get(self) -> bool: ...

class Scene:
    name: str
    objects: Sequence[Object]
    frame_current: int
    frame_start: int
    frame_end: int
    # Ours: the service adds it.
    bld_remote_server_running: bool

class Image:
    size: Sequence[int]
    file_format: str
    def scale(self, width: int, height: int) -> None: ...
    def save(self) -> None: ...

class BlendDataImages(_Collection[Image]):
    def load(self, filepath: str) -> Image: ...
    def remove(self, image: Image) -> None: ...

class BlendDataLibraries:
    def load(self, filepath: str) -> AbstractContextManager[object]: ...

# While Blender registers add-ons at its start, this is an object without these names.
class BlendData:
    is_dirty: bool
    scenes: _Collection[Scene]
    objects: _Collection[Object]
    materials: _Collection[Material]
    images: BlendDataImages
    libraries: BlendDataLibraries

class Addon:
    module: str

class Addons(_Collection[Addon]):
    def new(self) -> Addon: ...
    def remove(self, addon: Addon) -> None: ...

class UserExtensionRepo:
    name: str
    module: str
    directory: str
    enabled: bool
    use_custom_directory: bool
    custom_directory: str
    # "USER" or "SYSTEM".
    source: str

class PreferencesExtensions:
    repos: _Collection[UserExtensionRepo]

class Preferences:
    addons: Addons
    is_dirty: bool
    # Blender 4.2 and newer.
    extensions: PreferencesExtensions

class Context:
    preferences: Preferences
    scene: Scene
    window_manager: WindowManager
    def temp_override(
        self, *, window: Window = ..., area: Area = ...
    ) -> AbstractContextManager[object]: ...
