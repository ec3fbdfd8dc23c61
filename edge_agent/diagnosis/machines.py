"""The machines that judge, live and in replay: the one place where another is added.

A machine takes observations (`observation.py`) and its own deadlines, and returns verdicts and
findings (`judge.Machine`).  It reads no clock and keeps no more than its bounds say.  What it says
becomes a signed event by itself; it need not know how.
"""

from collections.abc import Callable

from edge_agent.diagnosis.health import Health
from edge_agent.diagnosis.incidents import Incidents
from edge_agent.diagnosis.judge import Machine
from edge_agent.diagnosis.site import Site

MACHINES: tuple[Callable[[Site], Machine], ...] = (Incidents, Health)
"""What makes every machine, in the order in which they hear."""
