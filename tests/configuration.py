"""The smallest configuration that a gateway runs by, for tests that need one of their own."""


def configuration(
    *,
    gateway: str = "",
    host: str = "example.org",
    panel: str = "p1",
    driver: str = "surgard",
    more: str = "",
) -> str:
    """Return the text: gateway gw1, its center, one panel; `gateway` and `more` are lines more."""
    return f"""
[gateway]
id = "gw1"
{gateway}

[[center]]
name = "center"
[[center.path]]
host = "{host}"

[[panel]]
id = "{panel}"
driver = "{driver}"
serial = {{ port = "/dev/ttyUSB0" }}
{more}
"""
