"""Loads the enabled add-ons one by one, to find the one that keeps Blender from starting."""

import os
import sys

import addon_utils
import bpy
from addon_journal import Journal
from addon_places import Folders, repositories
from addon_records import is_loaded, known
from addon_state import call_new, load_handlers
from preferences import RefusedError


def trial(folders: Folders, journal: Journal) -> None:
    """Load the enabled add-ons one by one, as a start does; the journal's last one didn't return.

    Nothing is saved.
    """
    make_stand_in_real(folders)
    addons = {addon.name: addon for addon in known(folders)}
    for entry in list(bpy.context.preferences.addons):
        addon = addons.get(entry.module)
        if addon is None or addon.file is None or is_loaded(addon):
            continue
        journal.write({"begin": addon.name, "path": addon.path})
        handlers = load_handlers()
        try:
            addon_utils.enable(addon.name, handle_error=lambda _error: None)
            call_new(handlers)
        except RefusedError:
            os._exit(1)
        except SystemExit as error:
            # It ends a start, and so it must end the trial.
            os._exit(error.code if isinstance(error.code, int) else 1)
        journal.write({"end": addon.name})


def make_stand_in_real(folders: Folders) -> None:
    """Let a Blender that was started without the user's add-ons find them from now on."""
    for folder in (folders.addons, os.path.join(folders.addons, "modules")):
        if folder not in sys.path:
            sys.path.append(folder)
    for repo, directory in repositories(folders):
        if directory != repo.directory:
            repo.use_custom_directory = True
            repo.custom_directory = directory
    if folders.extensions is not None:
        release = f"python{sys.version_info.major}.{sys.version_info.minor}"
        wheels = os.path.join(folders.extensions, ".local", "lib", release, "site-packages")
        if os.path.isdir(wheels):
            sys.path.insert(0, wheels)
