"""With which status a program ends, compared with Python itself."""

import subprocess
import sys

import pytest
from bld_remote_mcp.program_failure import exit_status

CODES = ["None", "0", "7", "255", "256", "-1", "2**31 - 1", "2**31", "2**40", "2**63", "'text'"]


@pytest.mark.parametrize("code", CODES)
def test_the_status_is_that_of_a_process(code: str) -> None:
    program = [sys.executable, "-I", "-c", f"import sys; sys.exit({code})"]
    ended = subprocess.run(program, stderr=subprocess.DEVNULL, check=False)
    assert exit_status(eval(code)) == ended.returncode
