"""Making and checking evidence: encoding, signatures, tree, envelopes.  No I/O but in `signers`."""
