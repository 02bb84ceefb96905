"""Reads for the maps. Each takes a queryset that a policy has already limited."""
