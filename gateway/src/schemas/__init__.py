"""What a request may hold, and what an answer does: checked, and described for the API."""
