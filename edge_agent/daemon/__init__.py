"""The parts of a running agent that join the folders; `agent.py` puts them together."""
