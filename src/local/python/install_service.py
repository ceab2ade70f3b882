"""Installs the service add-on into this Blender and enables it, or leaves all as it was."""

import ast
import contextlib
import importlib
import os
import shutil
import sys
import tempfile
import traceback
from typing import Any

import addon_utils
import bpy

# Blender's scan for add-ons leaves out names that begin with a dot.
STAGING_PREFIX = ".staging-"


class RefusedError(Exception):
    """The operation can't be done; nothing is changed (any more)."""

    def __init__(self, reason: str, detail: str, trace: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.trace = trace


def add_on_facts(source: str) -> dict[str, Any]:
    """The literal `bl_info` of an add-on's source, without running it; {} where there is none."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return {}
    for node in body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "bl_info" for target in node.targets
        ):
            with contextlib.suppress(ValueError):
                facts = ast.literal_eval(node.value)
                return facts if isinstance(facts, dict) else {}
    return {}


def version_of(facts: dict[str, Any]) -> str:
    version = facts.get("version", ())
    return version if isinstance(version, str) else ".".join(map(str, version))


def installed_facts(folder: str) -> dict[str, Any]:
    try:
        with open(os.path.join(folder, "__init__.py"), encoding="utf-8") as file:
            return add_on_facts(file.read())
    except (OSError, UnicodeDecodeError):
        return {}


def is_enabled(module: str) -> bool:
    return module in bpy.context.preferences.addons


def is_loaded(module: str) -> bool:
    return bool(addon_utils.check(module)[1])


def same_files(folder: str, files: dict[str, str]) -> bool:
    """Whether the folder holds exactly these files, byte by byte; Python's caches don't count."""
    try:
        names = {name for name in os.listdir(folder) if name != "__pycache__"}
        if names != set(files):
            return False
        for name, text in files.items():
            with open(os.path.join(folder, name), "rb") as file:
                if file.read() != text.encode():
                    return False
    except OSError:
        return False
    return True


def check_preferences() -> None:
    """Refuse when the preferences file can't be read: Blender goes on with defaults, and saving
    them would replace the user's own."""
    path = os.path.join(bpy.utils.user_resource("CONFIG"), "userpref.blend")
    if not os.path.lexists(path):
        return
    try:
        with bpy.data.libraries.load(path):
            pass
    except OSError as error:
        raise RefusedError("preferences-unreadable", f"{path}: {str(error).strip()}") from error


def add_ons_folder() -> str:
    """The user's add-ons folder, created where needed."""
    folder = bpy.utils.user_resource("SCRIPTS", path="addons")
    if not folder:
        raise RefusedError("no-addons-folder", "Blender names no add-ons folder for this user")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise RefusedError("no-addons-folder", f"{folder}: {error.strerror}") from error
    # A folder that wasn't there when Blender started isn't on Python's path yet.
    bpy.utils.refresh_script_paths()
    return folder


def forget(module: str) -> None:
    """Unload the add-on and everything imported from it. The preferences keep their entry."""
    if is_loaded(module):
        addon_utils.disable(module, default_set=False)
    for name in list(sys.modules):
        if name == module or name.startswith(f"{module}."):
            del sys.modules[name]
    sys.modules.pop("bld_remote", None)
    importlib.invalidate_caches()


def enable(module: str, folder: str) -> None:
    """Enable the add-on, from this folder and no other."""
    failures: list[str] = []

    def failed(_error: BaseException) -> None:
        failures.append(traceback.format_exc())

    try:
        addon_utils.enable(module, default_set=True, persistent=True, handle_error=failed)
    # SystemExit in an add-on's register() isn't caught by Blender.
    except BaseException as error:
        detail = f"{type(error).__name__}: {error}"
        raise RefusedError("enable-failed", detail, traceback.format_exc()) from error
    if failures:
        raise RefusedError("enable-failed", failures[-1].strip().splitlines()[-1], failures[-1])
    if not (is_enabled(module) and is_loaded(module)):
        raise RefusedError("enable-failed", "Blender doesn't show the add-on as enabled")
    loaded = os.path.dirname(getattr(sys.modules.get(module), "__file__", "") or "")
    if os.path.realpath(loaded) != os.path.realpath(folder):
        raise RefusedError("shadowed", f"Blender takes {module} from {loaded} instead of {folder}")


def save_preferences() -> None:
    try:
        bpy.ops.wm.save_userpref()
    except RuntimeError as error:
        raise RefusedError("preferences-not-saved", str(error).strip()) from error


def write_files(folder: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())


def free_name(folder: str, name: str) -> str:
    """`name` in the folder, with a number behind it where that is taken."""
    path = os.path.join(folder, name)
    number = 1
    while os.path.lexists(path):
        number += 1
        path = os.path.join(folder, f"{name}-{number}")
    return path


def discard(path: str) -> None:
    """Remove a folder; of a link (a developer's), only the link."""
    if os.path.islink(path):
        os.unlink(path)
    else:
        shutil.rmtree(path, ignore_errors=True)


def keep_aside(old: str, addons: str, name: str) -> str:
    """Move what was replaced out of Blender's sight, beside the add-ons folder."""
    folder = os.path.join(os.path.dirname(addons), "addons_replaced")
    os.makedirs(folder, exist_ok=True)
    return shutil.move(old, free_name(folder, name))


class Exchange:
    """A new folder in the place of an old one, until it is kept or taken back."""

    def __init__(self, addons: str, module: str, files: dict[str, str]) -> None:
        self.target = os.path.join(addons, module)
        self.module = module
        self.staging = tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=addons)
        self.new = os.path.join(self.staging, "new")
        self.old: str | None = None
        self.placed = False
        self.files = files

    def do(self) -> None:
        os.mkdir(self.new)
        write_files(self.new, self.files)
        forget(self.module)
        if os.path.lexists(self.target):
            old = os.path.join(self.staging, "old")
            os.rename(self.target, old)
            self.old = old
        os.rename(self.new, self.target)
        self.placed = True
        importlib.invalidate_caches()

    def undo(self) -> None:
        forget(self.module)
        if self.placed:
            discard(self.target)
        if self.old is not None:
            os.rename(self.old, self.target)
        discard(self.staging)

    def finish(self) -> None:
        discard(self.staging)


def replace(addons: str, module: str, files: dict[str, str], name: str | None) -> str | None:
    """Put the files in place, enabled and saved; where the old ones are kept, if under `name`."""
    exchange = Exchange(addons, module, files)
    try:
        exchange.do()
        enable(module, exchange.target)
        if not same_files(exchange.target, files):
            raise RefusedError("files-differ", f"{exchange.target} doesn't hold what was written")
        kept = None
        if exchange.old is not None and name is not None:
            kept = exchange.old = keep_aside(exchange.old, addons, name)
        save_preferences()
    except BaseException:
        exchange.undo()
        raise
    exchange.finish()
    return kept


def install(module: str, files: dict[str, str]) -> dict[str, Any]:
    check_preferences()
    addons = add_ons_folder()
    target = os.path.join(addons, module)
    ours = add_on_facts(files["__init__.py"])
    result: dict[str, Any] = {
        "installed_path": target,
        "version": version_of(ours),
        "previous_version": None,
        "changed": False,
        "replaced": None,
    }
    if not os.path.lexists(target):
        replace(addons, module, files, None)
        return {**result, "changed": True}
    facts = installed_facts(target)
    is_ours = facts.get("author") == ours["author"]
    if is_ours:
        result["previous_version"] = version_of(facts)
        if same_files(target, files) and is_enabled(module) and is_loaded(module):
            return result
    version = version_of(facts)
    name = None if is_ours else f"{module}-{version or 'unknown'}"
    kept = replace(addons, module, files, name)
    result["changed"] = True
    if not is_ours:
        result["replaced"] = {
            "name": str(facts.get("name", module)),
            "version": version or None,
            "kept_at": kept,
        }
    return result


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"module", "files": {name: text}}``; give what was done, or why nothing was."""
    try:
        return {"installed": install(arguments["module"], arguments["files"])}
    except RefusedError as error:
        return {
            "refused": {
                "reason": error.reason,
                "detail": error.detail,
                "traceback": error.trace,
            }
        }
    except OSError as error:
        return {
            "refused": {
                "reason": "write-failed",
                "detail": f"{error.filename}: {error.strerror}",
                "traceback": traceback.format_exc(),
            }
        }
