class Response:
    status_code: int
    reason: str | None
    def close(self) -> None: ...

def get(
    url: str,
    *,
    headers: dict[str, str],
    timeout: float,
    verify: bool | str,
    proxies: dict[str, str] | None,
    stream: bool,
) -> Response: ...
