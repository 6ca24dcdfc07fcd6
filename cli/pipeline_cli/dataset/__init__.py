"""`python -m pipeline dataset`: makes a data set from any table, and looks at those there are."""
