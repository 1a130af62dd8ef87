"""Measurements of the memory, of devices and of interruptions."""
