"""The command keys of the centers, as the site pins them."""

import structlog

from edge_agent.clock import KeptClock
from edge_agent.config import Loaded
from edge_agent.evidence.cose import PublicKey
from edge_agent.limits import CREDENTIALS_RETRY_S
from edge_agent.uplink.access import AccessError, load_signing_key

log = structlog.get_logger()


class CommandKeys:
    """Reads each key when it is first asked for; one that is not usable is looked at again later.

    A center without a `command_certificate` has none: the site takes no commands from it.
    """

    def __init__(self, loaded: Loaded, clock: KeptClock) -> None:
        self._loaded = loaded
        self._clock = clock
        self._centers = {center.name: center for center in loaded.config.center}
        self._known: dict[str, PublicKey] = {}
        self._tried_ns: dict[str, int] = {}

    def key(self, center: str) -> PublicKey | None:
        """Return the pinned key of a center, None where there is none to be had."""
        certificate = self._centers[center].command_certificate
        if certificate is None or center in self._known or not self._may_try(center):
            return self._known.get(center)
        path = self._loaded.path
        try:
            self._known[center] = load_signing_key(
                path(certificate), path(self._centers[center].ca)
            )
        except AccessError as error:
            log.error("no command of this center is taken", center=center, cause=str(error))
        return self._known.get(center)

    def _may_try(self, center: str) -> bool:
        """Tell whether the file may be read now: whoever sends commands decides how often it is."""
        now_ns = self._clock.boottime_ns()
        tried_ns = self._tried_ns.get(center)
        if tried_ns is not None and now_ns - tried_ns < CREDENTIALS_RETRY_S * 1e9:
            return False
        self._tried_ns[center] = now_ns
        return True
