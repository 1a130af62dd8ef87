"""Measurements of what the code does besides learning."""
