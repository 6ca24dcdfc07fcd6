"""Middleware that every request passes: keys, origins, limits and counts."""
