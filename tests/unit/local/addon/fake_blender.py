"""A stand-in for `bpy` and `addon_utils` with a user's folders, preferences and add-ons.

It enables, disables and finds add-ons as Blender's own `addon_utils` does, with what 3.4 and 4.3
were seen to do differently: 3.4 has no extensions, raises for an add-on without `bl_info`, and
leaves out one that was made for Blender before 2.80 without a word.
"""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace


class Entries:
    """`bpy.context.preferences.addons`: finds by name, and may hold a name twice."""

    def __init__(self) -> None:
        self._entries: list[SimpleNamespace] = []

    def __iter__(self) -> Iterator[SimpleNamespace]:
        return iter(self._entries)

    def __contains__(self, name: str) -> bool:
        return any(entry.module == name for entry in self._entries)

    def __getitem__(self, name: str) -> SimpleNamespace:
        return next(entry for entry in self._entries if entry.module == name)

    def new(self) -> SimpleNamespace:
        self._entries.append(SimpleNamespace(module=""))
        return self._entries[-1]

    def remove(self, entry: SimpleNamespace) -> None:
        self._entries.remove(entry)

    @property
    def names(self) -> list[str]:
        return [entry.module for entry in self._entries]


class FakeBlender:
    """One run of a Blender; `installed` puts its modules where scripts import them."""

    def __init__(self, root: Path, version: tuple[int, int, int]) -> None:
        self.version = version
        self.user = root / "user"
        self.addons = self.user / "scripts" / "addons"
        self.system = root / "blender" / "scripts"
        self.bundled = self.system / "addons"
        self.repository = self.user / "extensions" / "user_default"
        for folder in (self.user / "config", self.system / "modules", self.bundled):
            folder.mkdir(parents=True)
        self.entries = Entries()
        # What the preferences file holds, once it was saved.
        self.saved: list[str] | None = None
        self.save_error: str | None = None
        self.loads = 0
        self.preference_reads = 0
        self.extension_refreshes = 0
        # The entries at the last one, by which Blender keeps wheels.
        self.refreshed_with: list[str] = []
        self.script_directories: list[str] = []
        self.load_handlers: list[Callable[..., object]] = []

    @property
    def has_extensions(self) -> bool:
        return self.version >= (4, 2, 0)

    @property
    def preferences(self) -> Path:
        return self.user / "config" / "userpref.blend"

    def addon(self, name: str, source: str = "", *, folder: Path | None = None) -> Path:
        """Write a legacy add-on of one file; its path."""
        home = self.addons if folder is None else folder
        home.mkdir(parents=True, exist_ok=True)
        path = home / f"{name}.py"
        path.write_text(source or working(name))
        return path

    def extension(self, name: str, source: str = "", manifest: str = "") -> Path:
        """Write an extension into the user's repository; its folder."""
        path = self.repository / name
        path.mkdir(parents=True)
        (path / "__init__.py").write_text(
            source or "def register(): pass\ndef unregister(): pass\n"
        )
        text = manifest or f'id = "{name}"\nname = "{name}"\nversion = "1.0.0"\n'
        (path / "blender_manifest.toml").write_text(text)
        return path

    def entry(self, name: str) -> None:
        """Have the preferences name an add-on."""
        self.entries.new().module = name

    # What follows is Blender's.

    def bpy(self) -> ModuleType:
        module = ModuleType("bpy")
        preferences = SimpleNamespace(addons=self.entries, is_dirty=False)
        if self.has_extensions:
            repository = SimpleNamespace(
                module="user_default",
                source="USER",
                enabled=True,
                directory=str(self.repository),
                use_custom_directory=False,
                custom_directory="",
            )
            preferences.extensions = SimpleNamespace(repos=[repository])
        module.app = SimpleNamespace(
            version=self.version,
            factory_startup=False,
            background=True,
            handlers=SimpleNamespace(load_post=self.load_handlers),
            binary_path=str(self.system.parent / "blender"),
        )
        module.context = SimpleNamespace(preferences=preferences)
        module.utils = SimpleNamespace(
            user_resource=self._user_resource,
            system_resource=lambda _kind: str(self.system),
            resource_path=lambda kind: str(self.system.parent) if kind == "LOCAL" else "",
            script_paths=list,
            script_paths_pref=lambda: list(self.script_directories),
            refresh_script_paths=self._refresh_script_paths,
        )
        module.path = SimpleNamespace(module_names=self._module_names)
        module.data = SimpleNamespace(libraries=SimpleNamespace(load=self._load_library))
        wm = SimpleNamespace(save_userpref=self._save, read_userpref=self._read)
        module.ops = SimpleNamespace(wm=wm)
        return module

    def addon_utils(self) -> ModuleType:
        module = ModuleType("addon_utils")
        module.__file__ = str(self.system / "modules" / "addon_utils.py")
        module.paths = self._paths
        module.enable = self._enable
        module.disable = self._disable
        if self.has_extensions:
            module.extensions_refresh = self._refresh_extensions
        return module

    def packages(self) -> dict[str, ModuleType]:
        """The packages around extensions, one for each repository."""
        top, repository = ModuleType("bl_ext"), ModuleType("bl_ext.user_default")
        top.__path__, repository.__path__ = [], [str(self.repository)]
        return {module.__name__: module for module in (top, repository) if self.has_extensions}

    def _user_resource(self, kind: str, path: str = "") -> str:
        if kind == "EXTENSIONS" and not self.has_extensions:
            raise ValueError("EXTENSIONS")
        return str(self.user / kind.lower() / path) if path else str(self.user / kind.lower())

    def _refresh_script_paths(self) -> None:
        for path in self._paths():
            if path not in sys.path:
                sys.path.append(path)

    def _paths(self) -> list[str]:
        # Only those that exist.
        return [str(path) for path in (self.bundled, self.addons) if path.is_dir()]

    def _module_names(self, path: str, **package: str) -> list[tuple[str, str]]:
        if package and not self.has_extensions:
            raise TypeError("module_names() got an unexpected keyword argument 'package'")
        prefix = f"{package['package']}." if package else ""
        found = []
        for name in sorted(os.listdir(path)):
            init = os.path.join(path, name, "__init__.py")
            if name == "modules" and not package:
                continue
            if name.endswith(".py") and name != "__init__.py":
                found.append((prefix + name[:-3], os.path.join(path, name)))
            elif not name.startswith(".") and os.path.isfile(init):
                found.append((prefix + name, init))
        return found

    @contextmanager
    def _load_library(self, path: str) -> Iterator[None]:
        if not Path(path).read_bytes().startswith(b"BLENDER"):
            raise OSError("load: not a library\n")
        yield

    def _save(self) -> set[str]:
        if self.save_error is not None:
            raise RuntimeError(f"Error: {self.save_error}\n")
        self.saved = self.entries.names
        self.preferences.write_bytes(b"BLENDER")
        return {"FINISHED"}

    def _read(self) -> set[str]:
        self.preference_reads += 1
        return {"FINISHED"}

    def _refresh_extensions(self) -> None:
        self.extension_refreshes += 1
        self.refreshed_with = self.entries.names

    def _enable(
        self,
        name: str,
        *,
        default_set: bool = False,
        persistent: bool = False,
        handle_error: Callable[[Exception], None],
    ) -> ModuleType | None:
        self.loads += 1
        loaded = sys.modules.get(name)
        if loaded is not None and getattr(loaded, "__addon_enabled__", False):
            loaded.unregister()
            loaded.__addon_enabled__ = False
        if default_set and name not in self.entries:
            self.entry(name)
        try:
            module = importlib.import_module(name)
            module.__addon_enabled__ = False
        except Exception as error:
            handle_error(error)
            self._remove(name, default_set)
            return None
        # 3.4 reads it outside of any `try`, and then keeps the entry.
        if not self.has_extensions and module.bl_info.get("blender", (0, 0, 0)) < (2, 80, 0):
            return None
        try:
            module.register()
        except Exception as error:
            handle_error(error)
            del sys.modules[name]
            self._remove(name, default_set)
            return None
        module.__addon_enabled__ = True
        module.__addon_persistent__ = persistent
        return module

    def _disable(
        self, name: str, *, default_set: bool = False, handle_error: Callable[[Exception], None]
    ) -> None:
        module = sys.modules.get(name)
        if module is not None and getattr(module, "__addon_enabled__", False):
            module.__addon_enabled__ = False
            try:
                module.unregister()
            except Exception as error:
                handle_error(error)
        self._remove(name, default_set)
        if self.has_extensions:
            self._refresh_extensions()

    def _remove(self, name: str, default_set: bool) -> None:
        while default_set and name in self.entries:
            self.entries.remove(self.entries[name])


def working(name: str, version: str = "(1, 2)", blender: str = "(3, 0, 0)") -> str:
    """The source of an add-on that notes in `sys` how often it is registered."""
    return f"""
import sys

bl_info = {{"name": "{name}", "author": "A", "version": {version}, "blender": {blender}}}

def register():
    sys.registered.append("{name}")

def unregister():
    sys.registered.remove("{name}")
"""
