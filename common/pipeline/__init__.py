"""Code that all services of the pipeline share."""
