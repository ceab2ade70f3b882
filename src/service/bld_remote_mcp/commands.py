"""The commands that run on Blender's main thread: name, parameters in, result out."""

import base64
import binascii
from collections.abc import Callable

from . import persist, scene, screenshot
from .answers import CommandError
from .execution import CodeRunner
from .params import Params, flag, text_or_none

Command = Callable[[Params], object]


def commands(runner: CodeRunner) -> dict[str, Command]:
    """Every command by its name. It raises to fail, and ignores parameters it doesn't know."""
    return {
        "execute_code": lambda params: execute_code(runner, params),
        "get_scene_info": lambda _params: scene.scene_info(),
        "get_object_info": lambda params: scene.object_info(params.get("name")),
        "get_viewport_screenshot": lambda params: screenshot.viewport_screenshot(
            params.get("filepath"), params.get("max_size", 800), params.get("format", "png")
        ),
        "put_persist_data": put_persist_data,
        "get_persist_data": get_persist_data,
        "remove_persist_data": remove_persist_data,
        "get_polyhaven_status": lambda _params: {
            "enabled": False,
            "reason": "Asset providers not supported",
        },
    }


def execute_code(runner: CodeRunner, params: Params) -> dict[str, object]:
    """Run `code`; its stdout is the result. What it raises becomes a CommandError with output.

    `_request_id`, a string of the client's choice, is what `interrupt` may name. `_own` says that
    it is a script of the command line's, which changes nothing in the open file.
    """
    own = flag(params, "_own", False)
    execution = runner.run(_source(params), text_or_none(params, "_request_id"), own=own)
    dropped = {"truncated": execution.truncated} if any(execution.truncated.values()) else {}
    if (failed := execution.failure) is not None:
        exit_code = {} if failed.exit_code is None else {"exit_code": failed.exit_code}
        raise CommandError(
            f"Code execution error: {failed.message}",
            exception=failed.exception,
            **exit_code,
            traceback=failed.traceback,
            output=execution.output,
            duration=execution.duration,
            **dropped,
        )
    result: dict[str, object] = {
        "executed": True,
        "result": execution.output["stdout"],
        "output": execution.output,
        "duration": execution.duration,
        **dropped,
    }
    if params.get("return_as_base64"):
        # A lone surrogate has no UTF-8; it becomes a question mark as on any terminal.
        encoded = execution.output["stdout"].encode("utf-8", "replace")
        result["result"] = base64.b64encode(encoded).decode("ascii")
        result["result_is_base64"] = bool(encoded)
    return result


def legacy(runner: CodeRunner, request: Params, source: str) -> dict[str, object]:
    """Carry out a request of the oldest form, {"message": ..., "code": ...} without a type.

    `source`: the service's address, which the answer names.
    """
    answer: dict[str, object] = {"response": "OK", "message": "Task received", "source": source}
    if "message" in request:
        answer["message"] = f"Printed message: {request['message']}"
    if "code" not in request:
        return answer
    code = request["code"]
    if not isinstance(code, str):
        raise CommandError(f"code must be a string, not {type(code).__name__}")
    execution = runner.run(code)
    if execution.failure is not None:
        answer["response"] = "FAILED"
        answer["message"] = f"Error executing code: {execution.failure.message}"
        return answer
    answer["message"] = "Code executed successfully"
    if execution.output["stdout"]:
        answer["output"] = execution.output["stdout"]
    return answer


def put_persist_data(params: Params) -> str:
    """Keep `data` under `key`; neither may be null."""
    key = _key(params)
    if params.get("data") is None:
        raise CommandError("Missing 'data' parameter")
    persist.put_data(key, params["data"])
    return f"Data stored under key '{key}'"


def get_persist_data(params: Params) -> dict[str, object]:
    """What is kept under `key`, or `default`, and whether it was found."""
    key = _key(params)
    return {
        "data": persist.get_data(key, params.get("default")),
        "found": key in persist.get_keys(),
    }


def remove_persist_data(params: Params) -> dict[str, object]:
    """Forget `key`; whether anything was kept under it."""
    return {"removed": persist.remove_data(_key(params))}


def _source(params: Params) -> str:
    code = params.get("code")
    if not code:
        raise CommandError("No code provided")
    if not isinstance(code, str):
        raise CommandError(f"code must be a string, not {type(code).__name__}")
    if not params.get("code_is_base64"):
        return code
    try:
        return base64.b64decode(code).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise CommandError(f"Failed to decode base64 code: {error}") from None


def _key(params: Params) -> str:
    key = params.get("key")
    if key is None:
        raise CommandError("Missing 'key' parameter")
    if not isinstance(key, str):
        raise CommandError(f"key must be a string, not {type(key).__name__}")
    return key
