"""The second story: a shadow model next to the live one, on the rows of metric_log_shadow.csv."""
