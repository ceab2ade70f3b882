"""Blender's Python API, as far as we use it, for pyright.

Our own rather than fake-bpy-module, which is a large package for each version of Blender: with one
of them, pyright would let pass whatever another version doesn't have. Here each name stands once,
and a comment says which versions lack it.
"""

from . import ops as ops
from . import path as path
from . import props as props
from . import types as types
from . import utils as utils
from ._app import App
from .types import BlendData, Context

app: App
context: Context
data: BlendData
