"""Lines and buses: what carries bytes between panels and their sessions."""
