"""Says what is wrong with an add-on that raised an error, and what helps."""

import ast
import contextlib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Generator
from typing import TextIO, cast

import bpy
from addon_records import INIT, Addon
from preferences import RefusedError

# Packages whose module has another name, as they are called on PyPI.
PACKAGES = {
    "Crypto": "pycryptodome",
    "OpenGL": "PyOpenGL",
    "OpenSSL": "pyOpenSSL",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "jwt": "PyJWT",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "socketio": "python-socketio",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "win32api": "pywin32",
    "win32con": "pywin32",
    "win32gui": "pywin32",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}

# Many packages bring parts of these.
SHARED = {"azure", "google"}

# What an older Blender or Python had, and what only some builds have: PyPI has others of these
# names. https://peps.python.org/pep-0594/, and "What's New" of 3.12.
GONE = {
    "aifc",
    "asynchat",
    "asyncore",
    "audioop",
    "bgl",
    "cgi",
    "cgitb",
    "chunk",
    "crypt",
    "distutils",
    "imghdr",
    "imp",
    "lib2to3",
    "mailcap",
    "msilib",
    "nis",
    "nntplib",
    "ossaudiodev",
    "pipes",
    "smtpd",
    "sndhdr",
    "spwd",
    "sunau",
    "telnetlib",
    "uu",
    "xdrlib",
}

# What code speaks of that finds no window, key maps or GPU when Blender runs in the background.
WINDOW = re.compile(
    r"background|keyconfig|keymap|\bkmi?\b|window|screen|\bareas?\b|region|space_data|gpu|draw"
    r"|cursor|context is incorrect",
    re.IGNORECASE,
)

PREVIOUS = "see previous error"
# Of what was printed while an add-on was loaded, this much at the end is kept (characters).
HEARD_LIMIT = 8000
# So much of an exception's text is shown (characters).
MESSAGE_LIMIT = 8000


class Ear:
    """Passes on what is printed, and keeps it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.heard = ""

    def write(self, text: str) -> int:
        self.heard = (self.heard + text)[-HEARD_LIMIT:]
        return self._stream.write(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextlib.contextmanager
def listening() -> Generator[Ear]:
    """Hear what is printed as an error: Blender prints some, and raises one that points there."""
    before = sys.stderr
    ear = Ear(before)
    sys.stderr = cast("TextIO", ear)
    try:
        yield ear
    finally:
        if cast("object", sys.stderr) is ear:
            sys.stderr = before


def trace_of(error: BaseException) -> str:
    """The traceback of an error in an add-on, without the frames of these scripts around it."""
    whole = frames = error.__traceback__
    while frames is not None and is_own(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, frames or whole))
    # What exceptions say of themselves is code of the add-on.
    except Exception:
        return "".join(traceback.format_tb(frames or whole)) + message_of(error)


def is_own(file: str) -> bool:
    """Tell whether this is the file of a script of ours: they come without files."""
    return file.startswith("<") and file.endswith(".py>")


def message_of(error: BaseException) -> str:
    """The exception with its type, all lines of it; where a syntax error is, in one."""
    try:
        if isinstance(error, SyntaxError):
            return f"{type(error).__name__}: {error}"
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
    # What exceptions say of themselves is code of the add-on.
    except Exception as other:
        return f"{type(error).__name__}, which raised {type(other).__name__} when it was asked"
    return text if len(text) <= MESSAGE_LIMIT else f"{text[:MESSAGE_LIMIT]}…"


def refused(addon: Addon, error: BaseException, heard: str = "") -> RefusedError:
    """Why an add-on can't be enabled, by what it raised and what was printed before.

    Codes beside ``enable-failed``: ``missing-module``, about the package that brings it;
    ``unknown-module``; ``other-name``, about the name that the add-on gives itself;
    ``needs-window``.
    """
    trace, message = trace_of(error), message_of(error)
    if PREVIOUS in message and heard.strip():
        earlier = heard.strip()
        message = f"{message}; the previous error: {earlier.splitlines()[-1]}"
        trace = f"{earlier}\n\n{trace}"
    code, about = "enable-failed", ""
    if isinstance(error, ModuleNotFoundError) and isinstance(error.name, str) and error.name:
        code, about = about_module(addon, error, error.name)
    elif bpy.app.background and is_about_window(error):
        code = "needs-window"
    return RefusedError(code, message, trace, about)


def about_module(addon: Addon, error: ModuleNotFoundError, name: str) -> tuple[str, str]:
    """Code and subject for a module that wasn't found."""
    if name == addon.name or name.startswith(f"{addon.name}."):
        return "enable-failed", ""
    top = name.partition(".")[0]
    if is_itself(addon, error, top):
        return "other-name", top
    if top in SHARED or (name != top and has_module(top)):
        # Only a part of it is missing.
        return "enable-failed", ""
    if top in GONE or top in sys.stdlib_module_names or top.startswith(("bpy", "bl_", "_")):
        return "unknown-module", top
    return "missing-module", PACKAGES.get(top, top)


def has_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    # Finders of others may raise anything.
    except Exception:
        return False


def is_itself(addon: Addon, error: BaseException, top: str) -> bool:
    """Whether a module that isn't found is the add-on, under the name that it gives itself."""
    if addon.kind != "legacy" or addon.path is None or addon.file is None or top == addon.name:
        return False
    if not addon.file.endswith(INIT):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.filename for frame in frames if frame.filename.startswith(addon.path + os.sep)]
    wanted = imported(own[-1], top) if own else set[str]()
    return any(
        os.path.exists(os.path.join(addon.path, f"{name}{ending}"))
        for name in wanted
        for ending in (".py", "")
    )


def imported(file: str, top: str) -> set[str]:
    """What a file imports from a package: `a` of `import top.a`, and of `from top import a`."""
    try:
        with open(file, encoding="utf-8-sig") as stream:
            tree = ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError):
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name}" for name in names if node.level == 0]
        found |= {name.split(".")[1] for name in names if name.startswith(f"{top}.")}
    return found


def is_about_window(error: BaseException) -> bool:
    """Guess by its words and its line whether it was raised for want of a window."""
    if isinstance(error, (ImportError, SyntaxError, NameError, SystemExit)):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    line = frames[-1].line if frames else ""
    return WINDOW.search(f"{line} {message_of(error)}") is not None
