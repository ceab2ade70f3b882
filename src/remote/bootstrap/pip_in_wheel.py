"""Runs the pip that is inside a wheel: ``python -I -c TEXT WHEEL PIP_ARGUMENTS…``.

pip's own way, ``python WHEEL/pip``, doesn't do on Windows: pip then takes itself for ``pip.exe``,
which can't replace itself, and refuses.
"""

import runpy
import sys

if __name__ == "__main__":
    sys.path.insert(0, sys.argv.pop(1))
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
