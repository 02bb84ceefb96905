"""The one exception by which an action says no to a person."""


class Refused(Exception):
    """An action was not carried out; nothing was written.

    ``str(error)`` is a translated sentence for the person at the screen: what is wrong and what to do.
    """


class NotAllowed(Refused):
    """The person may not do this at all; views answer 403."""
