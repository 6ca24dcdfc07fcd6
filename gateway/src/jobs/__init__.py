"""Jobs from the request to the answer: kept in Redis, sent to the broker, ended and found."""
