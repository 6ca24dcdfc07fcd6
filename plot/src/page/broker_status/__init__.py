"""The state of the broker, asked of its management API while somebody looks at the page."""
