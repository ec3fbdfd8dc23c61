"""A third party's module that is broken: it raises what nobody expects when it is imported."""

raise ZeroDivisionError("not mended yet")
