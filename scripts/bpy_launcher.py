"""Makes Blender as a Python module behave like the `blender` executable, as far as tests need it.

Options act in the order in which they stand, as in Blender. Known differences: the online and
offline modes set the preference (the module offers no override), and there is no window.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib.util
import os
import signal
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

SYSTEM_ENVIRONMENT = "--python-use-system-env"
QUIT_SIGNALS = 2

FLAGS = {
    "-b": "--background",
    "-q": "--quiet",
    "-v": "--version",
    "-y": "--enable-autoexec",
    "-Y": "--disable-autoexec",
    "-noaudio": "--no-audio",
}
# Accepted, and either read below or without meaning for a module.
SWITCHES = {
    "--background",
    "--quiet",
    "--version",
    "--factory-startup",
    "--online-mode",
    "--offline-mode",
    "--enable-autoexec",
    "--disable-autoexec",
    "--no-audio",
    SYSTEM_ENVIRONMENT,
}
WITH_VALUE = {
    "-P": "--python",
    "--python": "--python",
    "--python-expr": "--python-expr",
    "--python-exit-code": "--python-exit-code",
    "--addons": "--addons",
}


@dataclass
class CommandLine:
    """What stood on the command line: the switches, and what to do in order."""

    switches: set[str] = field(default_factory=set)
    actions: list[tuple[str, str]] = field(default_factory=list)


def parse(arguments: list[str]) -> CommandLine:
    line = CommandLine()
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            break
        switch = FLAGS.get(argument, argument)
        if switch in SWITCHES:
            line.switches.add(switch)
        elif argument in WITH_VALUE:
            value = next(rest, None)
            if value is None:
                fail(f"Error: you must specify a value after '{argument}'.")
            line.actions.append((WITH_VALUE[argument], value))
        else:
            line.actions.append(("load", argument))
    return line


def fail(message: str) -> NoReturn:
    print(message, flush=True)
    sys.exit(1)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Drops what C code prints, too. Without numpy the module complains before anything else."""
    kept = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None).fflush(None)
        for descriptor, copy in enumerate(kept, start=1):
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)


@contextlib.contextmanager
def swift() -> Iterator[None]:
    """Let an import neither look for garbage, of which it makes none, nor start numpy's threads."""
    threads = "OPENBLAS_NUM_THREADS"
    before = os.environ.get(threads)
    os.environ[threads] = "1"
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if before is None:
            del os.environ[threads]
        else:
            os.environ[threads] = before


class Session:
    """One run of Blender's main loop without a window."""

    def __init__(self, launcher: str, line: CommandLine) -> None:
        with silence(), swift():
            import bpy

        self.bpy = bpy
        self.line = line
        self.exit_code_on_exception = 0
        self.interrupts = 0
        bpy.app.binary_path = launcher
        # After the import, which takes the argument list for its own.
        signal.signal(signal.SIGINT, self.interrupted)

    def start(self) -> None:
        if "--quiet" not in self.line.switches:
            print(self.banner(), flush=True)
        if "--factory-startup" not in self.line.switches and self.has_preferences():
            self.bpy.ops.wm.read_userpref()
        system = self.bpy.context.preferences.system
        if "--online-mode" in self.line.switches:
            system.use_online_access = True
        if "--offline-mode" in self.line.switches:
            system.use_online_access = False

    def has_preferences(self) -> bool:
        """Tell whether there are preferences to read, which ends the module of 4.2 at once."""
        if self.bpy.app.version >= (4, 3):
            return True
        return Path(self.bpy.utils.user_resource("CONFIG"), "userpref.blend").exists()

    def banner(self) -> str:
        app = self.bpy.app
        built = f"{app.build_date.decode()} {app.build_time.decode()}"
        return f"Blender {app.version_string} (hash {app.build_hash.decode()} built {built})"

    def perform(self) -> None:
        actions: dict[str, Callable[[str], None]] = {
            "--python": self.run_file,
            "--python-expr": self.run_expression,
            "--python-exit-code": self.set_exit_code,
            "--addons": self.enable_addons,
            "load": self.load,
        }
        for action, value in self.line.actions:
            actions[action](value)

    def run_file(self, name: str) -> None:
        try:
            source = Path(name).read_bytes()
        except OSError as error:
            print(f"Error: Python file '{name}' could not be opened: {error.strerror}")
            self.script_failed(f"file: '{name}'")
            return
        path = os.path.abspath(name)
        self.run_script(source, path, f"file: '{name}'", {"__file__": path})

    def run_expression(self, source: str) -> None:
        self.run_script(source.encode(), "<string>", f"expr: '{source}'", {})

    def run_script(self, source: bytes, path: str, what: str, names: dict[str, str]) -> None:
        main = types.ModuleType("__main__")
        main.__dict__.update(names)
        previous = sys.modules["__main__"]
        sys.modules["__main__"] = main
        try:
            exec(compile(source, path, "exec"), main.__dict__)
        except SystemExit:
            raise
        except BaseException:
            traceback.print_exc()
            self.script_failed(what)
        finally:
            sys.modules["__main__"] = previous

    def script_failed(self, what: str) -> None:
        if not self.exit_code_on_exception:
            return
        print(f"Error: script failed, {what}, exiting.")
        sys.stdout.flush()
        sys.stderr.flush()
        # Blender ends here without unregistering add-ons.
        os._exit(self.exit_code_on_exception)

    def set_exit_code(self, value: str) -> None:
        if not value.isdigit() or int(value) > 255:
            fail(f"Error: '{value}' is not an exit code (0 to 255).")
        self.exit_code_on_exception = int(value)

    def enable_addons(self, names: str) -> None:
        import addon_utils

        for name in names.split(","):
            if not addon_utils.check(name)[1]:
                addon_utils.enable(name, persistent=True)

    def load(self, name: str) -> None:
        if name.startswith("-"):
            print(f"unknown argument, loading as file: {name}", file=sys.stderr)
        try:
            if not Path(name).is_file():
                raise RuntimeError("No such file or directory")
            self.bpy.ops.wm.open_mainfile(filepath=os.path.abspath(name))
        except RuntimeError as error:
            fail(f"Error: Cannot read file '{os.path.abspath(name)}': {error}")

    def interrupted(self, _signal: int, _frame: types.FrameType | None) -> None:
        self.interrupts += 1
        if self.interrupts == QUIT_SIGNALS:
            os._exit(1)
        print("Sent an internal break event. Press ^C again to kill Blender")

    def quit(self) -> int:
        import addon_utils

        addon_utils.disable_all()
        if "--quiet" not in self.line.switches:
            print("\nBlender quit", flush=True)
        return 1 if self.interrupts else 0


def print_version() -> None:
    # From the package's own folder, because loading it takes a second.
    found = importlib.util.find_spec("bpy")
    package = Path(found.origin).resolve().parent if found and found.origin else None
    if not package:
        fail("Error: the bpy package is not installed.")
    for metadata in package.parent.glob("bpy-*.dist-info"):
        _, version = metadata.stem.split("-")
        print(f"Blender {version}\n\tbuild type: Python module")


def main() -> int:
    # argv[1] is the launcher's own path; from there on it is the command line that was typed.
    script = sys.argv.pop(0)
    launcher = sys.argv[0]
    if sys.platform == "win32":
        # Python is inside blender.exe there and takes that for its executable; Blender mends it.
        sys.executable = sys._base_executable = os.path.join(sys.prefix, "bin", "python.exe")
    line = parse(sys.argv[1:])
    if SYSTEM_ENVIRONMENT in line.switches and sys.flags.isolated:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", script, *sys.argv])
    # A folder that a plain run puts first on the path, and Blender does not.
    sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(script)]
    if "--version" in line.switches:
        print_version()
        return 0
    if "--background" not in line.switches:
        fail("Error: this build of Blender has no window: it runs only with --background.")
    session = Session(launcher, line)
    session.start()
    session.perform()
    return session.quit()


if __name__ == "__main__":
    sys.exit(main())
