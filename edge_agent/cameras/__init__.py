"""Asks cameras and recorders for clips after an alarm; loaded only where one is configured."""
