"""The description of the queues: an AsyncAPI 3.1 document, made from the schema of a data set."""
