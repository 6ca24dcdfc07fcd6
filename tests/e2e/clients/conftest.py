collect_ignore = ["sessions"]  # they run in environments of their own
