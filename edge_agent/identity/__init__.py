"""Who a gateway is: its keys, made here and never leaving it, and the certificates for them."""
