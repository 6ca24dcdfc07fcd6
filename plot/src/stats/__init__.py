"""The numbers of all rows: computed as rows come, in memory that does not grow with them."""
