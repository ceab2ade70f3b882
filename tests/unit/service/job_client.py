"""What tests ask about jobs, as a client does."""

import base64

from wire import SECONDS, Client

HOLD = "import gate\ngate.hold()"
LOOP = "import gate\ngate.started.set()\nwhile True: pass"
PROGRAM = {"name": "<string>", "argv": ["-c", "x"], "path0": ""}


def submit(client: Client, code: str, **params: object) -> str:
    """The name of a job that was just queued."""
    answer = client.ask("submit_code_job", code=code, **params)
    assert answer["status"] == "success", answer
    return answer["result"]["job_id"]


def run_program(client: Client, code: str, **params: object) -> str:
    """The name of a job that runs code as a program, just queued."""
    encoded = base64.b64encode(code.encode()).decode()
    return submit(client, encoded, code_is_base64=True, program=PROGRAM, **params)


def read_all(client: Client, job_id: str) -> tuple[dict, list[tuple[str, bytes]]]:
    """A job's last answer about its output, and all of that from the beginning."""
    chunks, offset = [], 0
    while True:
        answer = client.ask("job_output", job_id=job_id, offset=offset, wait_seconds=SECONDS)
        read = answer["result"]
        offset = read["offset"]
        chunks += [(stream, base64.b64decode(data)) for stream, data in read["chunks"]]
        if read["terminal"] and not read["chunks"]:
            return read, chunks


def ended(client: Client, job_id: str) -> dict:
    """What get_job_result says of a job once it has ended."""
    read_all(client, job_id)
    return client.ask("get_job_result", job_id=job_id)["result"]
