"""What can be asked of a running agent on its own machine."""
