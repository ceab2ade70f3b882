from packaging.tags import Tag as Tag
from packaging.tags import sys_tags as sys_tags
