"""The service as a whole: what listens, what waits for the main thread, and how it all ends."""

from .authentication import Authentication
from .blender import BlenderFacts
from .dispatch import Dispatcher
from .execution import OUTPUT_LIMIT, CodeRunner
from .interruption import UserCodeGuard
from .jobs import JobQueue
from .limits import LIMITS, ServiceLimits
from .listener import Listener
from .log import logger
from .open_file import OpenFile
from .settings import NO_AUTH_VARIABLE, is_loopback
from .token_file import TokenFile, token_names


class Server:
    """One run of the service, from start() to close()."""

    def __init__(
        self,
        facts: BlenderFacts,
        version: str,
        token: str | None = None,
        *,
        limits: ServiceLimits = LIMITS,
        output_limit: int = OUTPUT_LIMIT,
    ) -> None:
        """`token`: what clients must know; None where everybody on this machine may run code.

        Bounds: what clients send, and captured characters of each stream.
        """
        self.facts = facts
        self.version = version
        self.jobs = JobQueue()
        self.guard = UserCodeGuard()
        self.open_file = OpenFile(self.guard)
        self.runner = CodeRunner(self.guard, output_limit)
        self.host = ""
        self.port = 0
        self.running = False
        self.stop_requested = False
        self.quit_requested = False
        self.limits = limits
        self._token = token
        self._token_files: list[TokenFile] = []
        self._authentication = Authentication(token)
        self._listener = Listener(Dispatcher(self).reply_to, self._authentication, limits)

    @property
    def address(self) -> str:
        """Where clients find it, as tcp://127.0.0.1:6688."""
        return f"tcp://{self.host}:{self.port}"

    @property
    def code_ran_since_save(self) -> bool:
        """Whether code has run since the open file was saved or loaded."""
        return self.open_file.code_ran_since_save

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return self._listener.connections

    @property
    def unfinished(self) -> int:
        """Bytes of requests that aren't answered yet, as far as they count."""
        return self._listener.unfinished

    def start(self, host: str, port: int, token_folder: str | None = None) -> None:
        """Listen on `port` of `host` (0: any free one). StartError, an OSError, if that fails.

        `token_folder`: where the token is kept for its owner; TokenFileError if that fails.
        """
        self.port = self._listener.open(
            host, port, lambda address, bound: self._keep_token(token_folder, address, bound)
        )
        self.host = host
        self.running = True
        logger.info("Listening on %s:%d", host, self.port)
        if self._token is None and token_folder is not None:
            logger.warning(
                "No token is asked for (%s): whoever is on this machine can run code here as its "
                "user, through port %d",
                NO_AUTH_VARIABLE,
                self.port,
            )
        if not is_loopback(host):
            logger.warning(
                "Whoever is on the way to %s:%d can read and change what goes over the wire",
                host,
                self.port,
            )

    def _keep_token(self, folder: str | None, address: str, port: int) -> None:
        """While the port is this service's, and before anybody is let in."""
        if folder is None:
            return
        kept = [TokenFile(folder, name) for name in token_names(address, port)]
        if self._token is None:
            for each in kept:
                each.remove_stale()
            return
        self._token_files = kept
        try:
            for each in kept:
                each.write(self._token)
        except BaseException:
            self._remove_token()
            raise
        logger.info("Clients must know the token in %s", kept[0].path)

    def _remove_token(self) -> None:
        for each in self._token_files:
            each.remove()

    def request_stop(self, *, quit_blender: bool, force: bool) -> None:
        """Ask the main thread to stop the service. From any thread.

        Running code ends first, with `force` at its next Python instruction; requests that have not
        started are refused.
        """
        self.quit_requested = quit_blender
        running = self.jobs.running
        self.jobs.refuse(
            "the service is shutting down"
            if running is None
            else f"the service is shutting down as soon as '{running.about.title}' of "
            f"{running.about.client}, which has run for {running.seconds:.0f} s, ends"
        )
        if force:
            self.stop_running_code_soon()
            self.guard.interrupt()
        else:
            self._stop_soon()

    def stop_running_code_soon(self) -> None:
        """Ask for the stop, and let no more user code begin. Safe in a signal handler."""
        self.guard.shut()
        self._stop_soon()

    def close(self) -> None:
        """Stop now: refuse what waits, end the connections. On the main thread, at most 2 s.

        Called from within running code it ends no client, so that this code's own answer can still
        be sent when it ends; called again after that, it does.
        """
        if self.running:
            self.running = False
            self._stop_soon()
            self.jobs.refuse("the service has stopped")
            self._remove_token()
            self._listener.close()
            self._authentication.close()
            logger.info("Stopped listening on %s:%d", self.host, self.port)
        if self.jobs.running_seconds is None:
            self._listener.end_connections()

    def _stop_soon(self) -> None:
        self.stop_requested = True
        self.jobs.wake_main_thread()
