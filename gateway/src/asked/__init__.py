"""The models that a request can ask: the live one, or any that is stored, by its id."""
