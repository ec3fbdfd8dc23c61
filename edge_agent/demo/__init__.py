"""The demonstration behind `edge-agent demo`: panels, broker, center and agent played on one table.

Everything on stage runs as a child process, started as an operator would start it; this package
only directs, watches and counts.  The daemon never loads it.
"""
