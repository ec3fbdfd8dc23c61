"""The vocabulary of the product and the session contract: frozen values, standard library only."""
