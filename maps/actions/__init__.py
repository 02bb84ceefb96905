"""Writes of the maps."""
