"""The agent as an update sees it: asked over its socket, restarted by whoever supervises it."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge_agent.update.steps import Recorded, Seen, SelfTested, Silent, Tell

RESTART = ("systemctl", "restart", "edge-agent.service")
RESTART_S_MAX = 90.0  # systemd gives a stop 20 s and a start 60

OF_THE_MACHINE = frozenset({"disk_speed", "disk_space", "clock", "temperature", "supply"})
"""Probes whose outcome no release decides: a card that is slow just now is no fault of it."""

Ask = Callable[..., Any]
"""Takes the socket, what to do and its arguments, returns the answer; raises OSError where nobody
answers, ValueError where it is refused."""


class AgentService:
    """The agent at `socket`, restarted by the command `restart`."""

    def __init__(self, socket: Path, ask: Ask, restart: Sequence[str] = RESTART) -> None:
        self._socket, self._ask, self._restart = socket, ask, restart

    def look(self) -> Seen | Silent:
        """Ask how it stands."""
        try:
            return _seen(self._ask(self._socket, "status"))
        except (OSError, ValueError, KeyError, TypeError):
            return Silent()

    def test(self) -> SelfTested:
        """Have it test itself, to the end."""
        bad: list[str] = []
        try:
            answer = self._ask(self._socket, "diagnose")
            number, seen = answer["run"], 0
            while True:
                probes = answer["probes"]
                seen += len(probes)
                bad += [f"{one['probe']} {one['what']}" for one in probes if _counts(one)]
                if answer["broken"]:
                    return SelfTested(None, str(answer["broken"]))
                if answer["over"]:
                    return SelfTested(tuple(bad))
                answer = self._ask(self._socket, "diagnose", run=number, seen=seen)
        except OSError as error:
            return SelfTested(None, f"the agent ended: {error}")
        except (ValueError, KeyError, TypeError) as error:
            return SelfTested(None, str(error))

    def tell(self, tell: Tell, actor: str, digest: str) -> Recorded:
        """Have it record a step, durably."""
        said = {"word": str(tell.word), "detail": tell.detail, "by": actor, "digest": digest}
        try:
            self._ask(self._socket, "update", **said)
        except (OSError, ValueError) as error:
            return Recorded(f"it cannot be recorded: {error}")
        return Recorded()

    def restart(self) -> None:
        """Have it end in order and start again; what comes of it is seen by looking."""
        try:
            subprocess.run(self._restart, check=False, timeout=RESTART_S_MAX)
        except (OSError, subprocess.TimeoutExpired):
            return


def _counts(probe: Mapping[str, Any]) -> bool:
    return probe["good"] is False and probe["probe"] not in OF_THE_MACHINE


def _seen(status: Mapping[str, Any]) -> Seen:
    required = [center for center in status["centers"] if center["required"]]
    away = [center["center"] for center in required if not center["connected"]]
    refused = status["journal"]["refused"]
    trouble = f"the disk refuses: {refused}" if refused else ""
    if away:
        trouble = f"center {', '.join(away)} is not connected"
    proven = all(center["connected"] and center["proven"] for center in required)
    return Seen(str(status["version"]), str(status["epoch"]), proven, trouble)
