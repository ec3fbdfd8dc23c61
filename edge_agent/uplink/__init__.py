"""The way to the center: lanes, window and receipts (pure), the MQTT port, the shell."""
