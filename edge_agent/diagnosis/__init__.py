"""Judges what panels say: incidents with their verdicts, and findings about detectors and lines.

Pure: machines that take observations and deadlines and return what they judge.  It reads what was
recorded and adds to it; nothing here holds, changes or drops a signal.
"""
