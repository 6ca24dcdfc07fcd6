"""The logs of metric, read as they grow, and its state, read only."""
