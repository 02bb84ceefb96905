"""Rows of the maps: what was found to stand out, and what is to be expected."""

from .foresight import Finding, FindingKind, Foresight, Outlook

__all__ = ["Finding", "FindingKind", "Foresight", "Outlook"]
