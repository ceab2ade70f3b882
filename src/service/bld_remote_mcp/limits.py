"""What clients may ask of the service at most; docs/limits.md says it to people."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class RequestLimits:
    """What one request may be made of: nothing in it lets Python stand still for long."""

    size: int = 32 * MIB
    """Bytes. What clients send is code: the published ones send 5 MiB of a file as 6.7 MiB."""
    values: int = 200_000
    """Values and names, so that parsing takes some tenths of a second at most."""
    escapes: int = 2_000_000
    """Escapes in strings: 70 MB of usual code, as JSON has it, have so many ends of lines."""
    depth: int = 500
    """Lists and objects in each other; each is a call in C, on a thread with a small stack."""


@dataclass(frozen=True)
class ServiceLimits:
    """What all clients together may hold, and how long each may take."""

    request: RequestLimits = RequestLimits()
    greeting_size: int = 4 * KIB
    """Bytes of a request of a client that isn't through."""
    unfinished: int = 128 * MIB
    """Bytes of all requests that haven't been answered yet."""
    unfinished_free: int = 64 * KIB
    """Bytes of each connection that don't count there: small requests always get through."""
    uploads: int = 32
    """At once: each has 8 MiB of a file in memory."""
    clients: int = 512
    """Connections that are through: authenticated, or without authentication one request old."""
    newcomers: int = 64
    """Connections that aren't through."""
    newcomers_of_address: int = 8
    """The same from one address, loopback aside."""
    greeting_seconds: float = 10.0
    """Until a client is authenticated; without authentication: of silence, before its first
    request is complete."""
    stall_seconds: float = 30.0
    """Without a byte in the middle of a request or upload, or of an answer that isn't taken."""
    idle_seconds: float = 3600.0
    """Between requests."""


LIMITS = ServiceLimits()
"""What holds unless a test says otherwise."""
