"""What every request passes: keys, origins, limits and counts."""
