"""Enabling and disabling add-ons, and whether it really happened."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from typing import Literal

import addon_utils
import bpy
from addon_errors import listening, message_of, refused, trace_of
from addon_facts import legacy_facts
from addon_records import Addon, in_preferences, loaded_file
from preferences import RefusedError
from python_folders import same_path

# Before Blender 2.80 add-ons were of another kind; some Blenders leave them out without a word.
OLDEST_API = (2, 80)


def add_entry(name: str) -> None:
    """Have the preferences name an add-on, if they don't yet."""
    if not in_preferences(name):
        bpy.context.preferences.addons.new().module = name


def drop_entry(name: str) -> None:
    """Take a name out of the preferences, however often it is listed."""
    addons = bpy.context.preferences.addons
    while name in addons:
        addons.remove(addons[name])


def enable(addon: Addon) -> None:
    """Enable an add-on that isn't loaded, from its own file and no other.

    An older entry in the preferences stays when this fails, with the add-on's own settings in it.
    Raises RefusedError: as `refused` for what the add-on raised, ``shadowed``.
    """
    had_entry = in_preferences(addon.name)
    try:
        _try_to_enable(addon, had_entry)
    except BaseException:
        forget(addon.name)
        if not had_entry:
            drop_entry(addon.name)
        raise


def _try_to_enable(addon: Addon, had_entry: bool) -> None:
    errors: list[BaseException] = []
    with listening() as ear:
        try:
            addon_utils.enable(
                addon.name, default_set=not had_entry, persistent=True, handle_error=errors.append
            )
        # Our own time limit.
        except KeyboardInterrupt:
            raise
        # Blender doesn't catch an add-on's SystemExit, and 3.4 raises for one without bl_info.
        except BaseException as error:
            raise refused(addon, error, ear.heard) from error
        if errors:
            raise refused(addon, errors[-1], ear.heard) from errors[-1]
    if not in_preferences(addon.name) or not is_enabled_module(addon.name):
        raise RefusedError("enable-failed", why_not(addon))
    file = loaded_file(addon.name)
    if addon.file is not None and (file is None or not same_path(file, addon.file)):
        raise RefusedError("shadowed", f"Blender takes {addon.name} from {file}")


# What may be enabled although it can't be loaded: nothing, what seems to need a window, or all.
Leave = Literal["nothing", "window", "all"]


def enable_or_leave(addon: Addon, leave: Leave, *, keep: bool) -> list[str]:
    """Enable an add-on as a start does, or leave it to the next one; gives what is to be said.

    With `keep` it was enabled and couldn't be loaded: where it needs a window, it stays so. Only
    for a Blender that ends when the work is done: code of the add-on runs as at a start. Raises
    RefusedError as `enable`, ``addon-ends-blender``.
    """
    had_entry = in_preferences(addon.name)
    try:
        try_as_start(addon)
    except RefusedError as error:
        forget(addon.name)
        if not had_entry:
            drop_entry(addon.name)
        ends = error.reason == "addon-ends-blender" or isinstance(error.__cause__, SystemExit)
        wanting = error.reason == "needs-window" and (keep or leave == "window")
        left = leave == "all" or wanting
        if not left or ends or error.reason == "shadowed":
            raise
        add_entry(addon.name)
        if addon.kind == "extension":
            refresh_extensions()
        return [
            "it couldn't be loaded here, and is enabled unchecked: the next Blender with a window "
            f"decides ({error.detail})"
        ]
    return []


def try_as_start(addon: Addon) -> None:
    """Enable an add-on, and call what it has every start call once add-ons are loaded."""
    handlers = load_handlers()
    enable(addon)
    call_new(handlers)


def call_new(handlers: list[Callable[..., object]]) -> None:
    """Call the load handlers that came to these. Raises as `call_as_start_does`."""
    for handler in load_handlers():
        if handler not in handlers:
            call_as_start_does(handler)


def load_handlers() -> list[Callable[..., object]]:
    return list(bpy.app.handlers.load_post)


def call_as_start_does(handler: Callable[..., object]) -> None:
    """Call what an add-on has every start call once it is loaded: it may end Blender, or hang.

    Raises RefusedError ``addon-ends-blender``. What else it raises, a start only prints.
    """
    code = getattr(handler, "__code__", None)
    arguments = ("",) if code is not None and code.co_argcount == 1 else ("", None)
    try:
        handler(*arguments)
    except KeyboardInterrupt:
        raise
    except SystemExit as error:
        detail = f"it ends Blender at each start: {message_of(error)}"
        raise RefusedError("addon-ends-blender", detail, trace_of(error)) from error
    except Exception as error:
        print(trace_of(error), file=sys.stderr)


def is_enabled_module(name: str) -> bool:
    return bool(getattr(sys.modules.get(name), "__addon_enabled__", False))


def why_not(addon: Addon) -> str:
    """Why Blender left an add-on out without a word."""
    if addon.file is not None and addon.kind == "legacy":
        oldest = legacy_facts(addon.file).oldest
        if oldest and oldest < OLDEST_API:
            return f"it was made for Blender {'.'.join(map(str, oldest))}, which is too old"
    return "Blender doesn't show it as enabled, and says no reason"


def disable(name: str, *, keep_entry: bool) -> str | None:
    """Disable an add-on, in the preferences too unless their entry is to stay.

    Gives the traceback of an add-on that raised while it was unregistered, which doesn't keep it
    from being disabled.
    """
    traces: list[str] = []

    def failed(error: BaseException) -> None:
        traces.append(trace_of(error))

    try:
        addon_utils.disable(name, default_set=not keep_entry, handle_error=failed)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        traces.append(trace_of(error))
    if not keep_entry:
        drop_entry(name)
    return traces[-1] if traces else None


def forget(name: str) -> None:
    """Unload an add-on and everything that was imported from it. The preferences stay."""
    if is_enabled_module(name):
        disable(name, keep_entry=True)
    for module in list(sys.modules):
        if module == name or module.startswith(f"{name}."):
            del sys.modules[module]
    importlib.invalidate_caches()


def refresh_extensions() -> None:
    """Have Blender scan its extensions again, and install the wheels that they bring."""
    if hasattr(addon_utils, "extensions_refresh"):
        addon_utils.extensions_refresh()


def other_module(name: str, folder: str) -> str | None:
    """Where Python finds another module of a name, before the one in a folder of add-ons."""
    if name in sys.stdlib_module_names:
        return "Python's standard library"
    try:
        found = importlib.util.find_spec(name)
    # Finders of others may raise anything.
    except Exception:
        return None
    if found is None:
        return None
    place = found.origin or next(iter(found.submodule_search_locations or []), None)
    if place is None or place in ("built-in", "frozen"):
        return "Blender's Python"
    within = os.path.realpath(os.path.dirname(place) if found.origin else place)
    homes = (os.path.join(os.path.realpath(folder), name), os.path.realpath(folder))
    return None if within in homes or within == os.path.realpath(homes[0]) else place
