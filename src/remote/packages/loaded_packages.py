"""Which packages Blender has loaded.

It is noted in Blender's memory at the first look, as the version that is installed then: when the
package is replaced later, the note still says what Blender goes on with.
"""

import re
import sys
import types
import weakref
from typing import TypedDict

from package_metadata import Distribution, entries_of, read

# Outlives this module, which another version of the command line brings anew.
NOTES_MODULE = "_blender_remote_loaded_packages"

OWN_MODULES = "_blender_remote_"


class Note(TypedDict):
    """A package that Blender has loaded: what it was when that was seen first."""

    # Of its outermost module.
    module: str
    object: "weakref.ref[types.ModuleType]"
    location: str
    modified: float
    # As ``Distribution.content``.
    content: str | None
    # The versions that its metadata and the module itself said.
    installed: str
    said: str | None


class Loaded(TypedDict):
    """What is loaded under a package's name, and whether it has been replaced in its folder."""

    version: str | None
    location: str
    replaced: bool


def notes() -> dict[str, Note]:
    """Give what is known of loaded packages by name; it outlives this script's namespace."""
    holder = sys.modules.setdefault(NOTES_MODULE, types.ModuleType(NOTES_MODULE))
    return holder.__dict__.setdefault("packages", {})


def loaded_files() -> dict[str, str]:
    """Give the loaded modules that have a file: its path, and the module's name."""
    found: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        # Not getattr: a module may run code for names that it lacks.
        file = getattr(module, "__dict__", {}).get("__file__")
        # What scripts of ours load for a moment is no use of a package.
        if isinstance(file, str) and not name.startswith(OWN_MODULES):
            found[file] = name
    return found


def start_hooks(folder: str) -> set[str]:
    """Name the modules that a folder's ``.pth`` files import at every start.

    They are loaded although nobody uses the package: setuptools' ``_distutils_hack`` for instance.
    """
    names: set[str] = set()
    for entry in entries_of(folder):
        if entry.endswith(".pth"):
            for line in read(folder, entry).splitlines():
                if line.startswith(("import ", "import\t")):
                    names.update(re.findall(r"\w+", line))
    return names


def loaded_module(distribution: Distribution, below: dict[str, str]) -> str | None:
    """Name the outermost loaded module among a distribution's files.

    ``below``: as ``loaded_files``, of its folder only, with paths relative to that.
    """
    if not below:
        return None
    listed = distribution.files()
    if listed:
        names = [below[file] for file in listed.intersection(below)]
    else:
        tops = distribution.top_level()
        names = [
            name for file, name in below.items() if re.split(r"[./\\]", file, maxsplit=1)[0] in tops
        ]
    return min(names, key=lambda name: (name.count("."), name), default=None)


def is_live(note: Note) -> bool:
    module = note["object"]()
    return module is not None and sys.modules.get(note["module"]) is module


def note_loaded(distribution: Distribution, modified: float, below: dict[str, str]) -> None:
    """Remember that Blender has a distribution loaded, unless that is known already."""
    known = notes()
    if distribution.name in known:
        if is_live(known[distribution.name]):
            return
        del known[distribution.name]
    name = loaded_module(distribution, below)
    # Another thread may have taken it away meanwhile.
    module = sys.modules.get(name or "")
    if name is None or module is None:
        return
    said = module.__dict__.get("__version__")
    if not isinstance(said, str):
        said = None
    # Some write less into the module: 4.8.1 of 4.8.1.78.
    elif distribution.version.startswith(f"{said}."):
        said = distribution.version
    known[distribution.name] = {
        "module": name,
        "object": weakref.ref(module),
        "location": distribution.folder,
        "modified": modified,
        "content": distribution.content(),
        "installed": distribution.version,
        "said": said,
    }


def is_same(note: Note, distribution: Distribution) -> bool:
    """Tell whether a replaced package is, file by file, again what Blender has loaded."""
    if note["installed"] != distribution.version:
        return False
    known = note["content"]
    return known is not None and known == distribution.content()


def loaded_as(distribution: Distribution, modified: float) -> Loaded | None:
    """Give ``{"version", "location", "replaced"}`` of what is loaded under this name."""
    note = notes().get(distribution.name)
    if note is None or not is_live(note):
        return None
    here = note["location"] == distribution.folder
    replaced = here and note["modified"] != modified and not is_same(note, distribution)
    version = note["said"] or (note["installed"] if replaced or not here else None)
    return {"version": version, "location": note["location"], "replaced": replaced}
