"""HTTP served alongside a service's own loop."""
