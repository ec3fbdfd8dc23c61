"""`python -m edge_agent.center`: the same as the `edge-center` command."""

import sys

from edge_agent.center.cli import main

sys.exit(main())
