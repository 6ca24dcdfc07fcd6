"""Commands for a person at a terminal: `python -m pipeline`."""
