"""Installs sources in the Blender that runs this, as its own preferences do, and enables them."""

import contextlib
import os
import shutil
import sys

import addon_utils
import bpy

has_extensions = bpy.app.version >= (4, 2, 0)


def listed() -> set[str]:
    return {module.__name__ for module in addon_utils.modules(refresh=True)}


def install(path: str) -> None:
    if has_extensions:
        # What is no extension goes to the other operator by itself.
        bpy.ops.extensions.package_install_files(
            repo="user_default", filepath=path, enable_on_install=False, overwrite=True
        )
    else:
        bpy.ops.preferences.addon_install(filepath=path, overwrite=True)


def enable(name: str, said: list[str]) -> bool:
    try:
        enabled = addon_utils.enable(
            name, default_set=True, persistent=True, handle_error=lambda e: said.append(repr(e))
        )
    except Exception as error:
        said.append(repr(error))
        return False
    return enabled is not None and addon_utils.check(name)[1]


def forget(name: str) -> None:
    with contextlib.suppress(Exception):
        addon_utils.disable(name, default_set=True, handle_error=lambda _: None)
    for module in list(sys.modules):
        if module == name or module.startswith(f"{name}."):
            del sys.modules[module]


def remove_all() -> None:
    """Removes all that is installed, so that no source meets what another one has left."""
    folders = [bpy.utils.user_resource("SCRIPTS", path="addons")]
    if has_extensions:
        repos = bpy.context.preferences.extensions.repos
        folders += [repo.directory for repo in repos if repo.module == "user_default"]
    for folder in filter(os.path.isdir, folders):
        for entry in os.scandir(folder):
            if entry.name == ".blender_ext":
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.remove(entry.path)
    if has_extensions:
        addon_utils.extensions_refresh(ensure_wheels=False)


def outcomes(sources: list[str]) -> dict[str, dict[str, list[str]]]:
    """By source, the modules that are enabled then, and what was said of those that aren't."""
    bpy.utils.user_resource("SCRIPTS", path="addons", create=True)
    found: dict[str, dict[str, list[str]]] = {}
    for source in sources:
        said: list[str] = []
        before = listed()
        try:
            install(source)
        except Exception as error:
            said.append(repr(error))
        new = sorted(listed() - before)
        enabled = [name for name in new if enable(name, said)]
        found[source] = {"enabled": enabled, "said": said}
        for name in new:
            forget(name)
        remove_all()
    return found
