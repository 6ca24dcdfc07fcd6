"""Trainings, kept in Redis and sent to the trainer."""
