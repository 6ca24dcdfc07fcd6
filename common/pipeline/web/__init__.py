"""HTTP served beside the own loop of a service."""
