"""edge-agent: an alarm gateway that never loses, holds back or rewrites a signal."""

__version__ = "0.1.0"
