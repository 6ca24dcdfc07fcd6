"""The live page: its server, its routes, and what it is told."""
