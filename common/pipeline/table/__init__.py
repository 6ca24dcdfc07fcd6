"""Tables: the schema of a data set, its rows, and the split that holds some of them out."""
