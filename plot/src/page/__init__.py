"""The live page: its server, its routes, and its data."""
