"""What every service of the pipeline shares."""
