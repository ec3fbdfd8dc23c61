"""A third party's module that is broken: a program, which ends when it is imported."""

import sys

sys.exit("usage: acme PORT")
