"""A whole real stack in a folder of its own: broker, center, agent, emulated panels, network.

with Stack([Panel("p1"), Panel("m1", face="modbus_map")]) as stack:
    stack.panels[0].tell("alarm zone=3")
    stack.agent.kill()                     # a crash
    stack.agent.start()                    # does not wait; `wait_ready` does
    stack.settle()                         # all receipted, in bounded time
    assert stack.count() == Count()        # nothing lost, doubled or invented

Every part is a child process of the commands that are shipped; nothing of the product but its
vocabulary is imported here.
"""

from hil.ports import free_port
from hil.rig.child import Child, RigError, wait_until
from hil.rig.command import run
from hil.rig.count import Count, compare
from hil.rig.panel import Panel
from hil.rig.parts import Agent, Broker, Center
from hil.rig.proxy import Network, Way
from hil.rig.stack import Setup, Stack
from hil.rig.tale import Passed, again, at_ns, is_answered, tell

__all__ = [
    "Agent",
    "Broker",
    "Center",
    "Child",
    "Count",
    "Network",
    "Panel",
    "Passed",
    "RigError",
    "Setup",
    "Stack",
    "Way",
    "again",
    "at_ns",
    "compare",
    "free_port",
    "is_answered",
    "run",
    "tell",
    "wait_until",
]
