"""The other side of every wire: emulated panels, faulty lines and scenarios for tests and demos."""
