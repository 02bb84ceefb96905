"""BPMN 2.0: definitions out (``export``), in (``importing``), and as a picture (``picture``).

It is an exchange format, not the storage format. What BPMN cannot say goes into extension elements of our own
namespace, so that a definition comes back as it went out; docs/reference/bpmn.md has the mapping.
"""
