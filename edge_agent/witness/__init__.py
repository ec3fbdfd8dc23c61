"""A witness: a third holder that cosigns the heads of gateways, on a machine of its own."""
