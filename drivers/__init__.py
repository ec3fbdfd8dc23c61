"""Panel drivers: one pure file per protocol, each with a module constant `DRIVER`."""
