"""Schemas of requests, which are checked, and of answers, which are described for the API."""
