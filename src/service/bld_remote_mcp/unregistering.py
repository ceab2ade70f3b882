"""Tells whether unregister() means this add-on, or comes because Blender resets all of them."""

from types import FrameType

_BLENDERS_OWN = ("addon_utils", "bpy.utils")


def is_meant(frame: FrameType | None) -> bool:
    """Whether the add-on is to end; `frame`: that of its unregister().

    Blender unregisters every add-on when it loads factory settings, other preferences or an
    application template, and when it reloads its scripts: with addon_utils.disable_all(),
    reset_all() or bpy.utils.load_scripts(), which call addon_utils.disable() from within its own
    modules. Whoever means this add-on calls disable() from elsewhere, or unregister() itself.
    addon_utils.enable() unregisters what is enabled only to register it again.

    The end of Blender is the same disable_all() as the loading of factory settings by hand, down
    to the frames, so the service isn't ended here but as Python ends.
    """
    caller = None if frame is None else frame.f_back
    if caller is None or _module(caller) not in _BLENDERS_OWN:
        return True
    if caller.f_code.co_name == "enable":
        return False
    return _module(caller.f_back) not in _BLENDERS_OWN


def _module(frame: FrameType | None) -> str:
    return "" if frame is None else str(frame.f_globals.get("__name__"))
