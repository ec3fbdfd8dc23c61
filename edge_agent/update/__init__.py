"""Releases of the program: made and signed, verified, installed, tried, kept or taken back.

`edge-agent release` makes a release, one file, on the maker's side.  `edge-agent update` puts one
into service, as root, in a process of its own: the agent may not write the program that it runs.
The folder that releases are installed into, `/opt/edge-agent`, is told in docs/updates.md.
"""
