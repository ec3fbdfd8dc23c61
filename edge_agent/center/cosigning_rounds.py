"""What a running center asks its witness: all gateways in turn, and what is said of it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress

import structlog

from edge_agent.center import schema
from edge_agent.center.cosign_cli import remedy
from edge_agent.center.cosigning import DAY_MS, Access, AwayError, Cosigning, Witness
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.turns import Turns

log = structlog.get_logger("center")

DUE = (  # a cosignature reaches to the newest proven head, which is one event less
    "SELECT DISTINCT epoch.gateway FROM epoch LEFT JOIN cosignature"
    "  ON cosignature.gateway = epoch.gateway AND cosignature.epoch = epoch.epoch"
    " WHERE vouched AND proved_to > 0 AND (size IS NULL OR size < proved_to - 1 + broken AND"
    "  (time_ms <= ? OR epoch.id < (SELECT max(id) FROM epoch AS later"
    "    WHERE later.gateway = epoch.gateway))) ORDER BY epoch.gateway"
)
"""The gateways of which something may be due: what `Cosigning` does for one takes a millisecond and
more, also where nothing is."""


class CosigningRounds:
    """Asks again and again; what goes wrong is said once, and once that it is over."""

    def __init__(self, access: Access, layout: Layout, turns: Turns) -> None:
        self._access, self._layout, self._turns = access, layout, turns
        self._away = False
        self._refused: dict[str, str] = {}  # gateway -> why: said already

    def turn(self, now_ms: int, stopping: Callable[[], bool]) -> None:
        """Ask for each gateway of which something is due."""
        try:
            with (
                closing(schema.open_for_writing(self._layout.database)) as connection,
                closing(Witness(self._access)) as witness,
            ):
                due = connection.execute(DUE, (now_ms - DAY_MS,)).fetchall()
                for (gateway,) in due:
                    if stopping():
                        return
                    with suppress(
                        CenterError
                    ):  # it has no identity that can be used: that is said elsewhere
                        one = Cosigning(connection, self._layout, gateway, self._turns)
                        self._bring(one, witness, gateway, now_ms)
        except (AwayError, CenterError, sqlite3.OperationalError) as error:
            if not self._away:
                again = "it is asked again; what it does not cosign, verifiers will miss"
                log.warning("no cosignatures", cause=str(error), then=again)
            self._away = True
            return
        if self._away:
            log.info("the witness cosigns again")
        self._away = False

    def _bring(self, one: Cosigning, witness: Witness, gateway: str, now_ms: int) -> None:
        why = ""
        for told in one.bring(witness, now_ms - DAY_MS):
            why = told.no.why if told.no is not None else ""
            if why and self._refused.get(gateway) != why:
                log.warning(
                    "not cosigned",
                    gateway=gateway,
                    run=told.epoch.hex(),
                    why=why,
                    detail=told.no.detail if told.no else "",
                    remedy=remedy(why),
                )
            self._refused[gateway] = why
