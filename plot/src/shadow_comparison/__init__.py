"""The second story: a shadow model beside the live one, on the rows of metric_log_shadow.csv."""
