"""The routes of the API, a module for each kind of call, and the pages for people."""
