"""Emulated panels: the other end of each driver, written from the protocol facts alone."""
