"""Reading what browsers send."""


def whole_number(text: str) -> int | None:
    """A row's id as typed into an address or a form; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
