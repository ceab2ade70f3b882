"""A stand-in for Blender's `bpy`: just enough of it to import and drive the add-on."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace


class Timers:
    """bpy.app.timers: remembers functions; a test calls them."""

    def __init__(self) -> None:
        self.registered: dict[Callable[[], float | None], bool] = {}

    def register(
        self,
        function: Callable[[], float | None],
        first_interval: float = 0,
        persistent: bool = False,
    ) -> None:
        self.registered[function] = persistent

    def is_registered(self, function: Callable[[], float | None]) -> bool:
        return function in self.registered

    def unregister(self, function: Callable[[], float | None]) -> None:
        if function not in self.registered:
            raise ValueError("Error: function is not registered")
        del self.registered[function]


def persistent(function: Callable[..., None]) -> Callable[..., None]:
    """bpy.app.handlers.persistent: such a handler stays when another file is loaded."""
    function.is_persistent = True
    return function


class Images:
    """bpy.data.images: every file is a picture of 1600 by 1000."""

    def __init__(self) -> None:
        self.saved: list[tuple[str, list[int], str]] = []
        self.open = 0

    def load(self, path: str) -> SimpleNamespace:
        self.open += 1
        image = SimpleNamespace(size=[1600, 1000], file_format="PNG")

        def scale(width: int, height: int) -> None:
            image.size = [width, height]

        image.scale = scale
        image.save = lambda: self.saved.append((path, image.size, image.file_format))
        return image

    def remove(self, _image: SimpleNamespace) -> None:
        self.open -= 1


class Objects(list):
    """A collection that also finds by name."""

    def get(self, name: str) -> SimpleNamespace | None:
        return next((item for item in self if item.name == name), None)


def mesh_object(name: str) -> SimpleNamespace:
    """A cube with one material."""
    return SimpleNamespace(
        name=name,
        type="MESH",
        location=(1.234, 0.0, -2.0),
        rotation_euler=(0.0, 0.5, 0.0),
        scale=(1.0, 1.0, 1.0),
        dimensions=(2.0, 2.0, 2.0),
        material_slots=[
            SimpleNamespace(material=SimpleNamespace(name="Red")),
            SimpleNamespace(material=None),
        ],
        data=SimpleNamespace(vertices=range(8), edges=range(12), polygons=range(6)),
        visible_get=lambda: True,
    )


def install() -> ModuleType:
    """Put a fresh stand-in into sys.modules; a background Blender 4.2.1 with two cubes."""
    bpy = ModuleType("bpy")
    objects = Objects([mesh_object("Cube"), mesh_object("Cube.001")])
    scene = SimpleNamespace(
        name="Scene", objects=objects, frame_current=1, frame_start=1, frame_end=250
    )
    window = SimpleNamespace(screen=SimpleNamespace(areas=[SimpleNamespace(type="VIEW_3D")]))
    bpy.quits = []
    bpy.overrides = []

    def temp_override(**context: object) -> AbstractContextManager[None]:
        bpy.overrides.append(context)
        return nullcontext()

    handlers = SimpleNamespace(load_post=[], save_post=[], persistent=persistent)
    bpy.app = SimpleNamespace(
        version=(4, 2, 1), background=True, timers=Timers(), handlers=handlers
    )
    bpy.data = SimpleNamespace(
        scenes=[scene], objects=objects, materials=[object()], images=Images(), is_dirty=False
    )
    bpy.context = SimpleNamespace(
        scene=scene,
        temp_override=temp_override,
        window_manager=SimpleNamespace(windows=[window]),
    )
    bpy.ops = SimpleNamespace(
        wm=SimpleNamespace(quit_blender=lambda: bpy.quits.append(True)),
        screen=SimpleNamespace(screenshot_area=lambda filepath: Path(filepath).write_bytes(b"")),
    )
    bpy.types = SimpleNamespace(Scene=type("Scene", (), {}))
    bpy.props = ModuleType("bpy.props")
    bpy.props.BoolProperty = lambda **options: options
    sys.modules["bpy"] = bpy
    sys.modules["bpy.props"] = bpy.props
    return bpy
