"""How the agent watches itself: the watchdog and what it tells systemd."""
