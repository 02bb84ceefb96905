"""The whole roster as a workbook: written for people to correct, read back with every doubtful row named."""
