"""The enterprise's side: credentials, receiver, store, and what is shown of them."""
