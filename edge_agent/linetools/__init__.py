"""Tools for a line: capture what goes over it, replay that, find out what hangs on it."""
