"""Measurements, a file for each question; `harness`, `launched`, `learned` and `step_times` are what they share."""
