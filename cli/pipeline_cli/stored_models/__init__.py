"""`python -m pipeline models`: the models of the store, and which of them answers."""
