"""What the person asked for."""

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from ..errors import Refused

#: As a field's name: this column is not wanted, do not look for one either.
NONE = "-"
MOST_TOLERANCE = 100.0


@dataclass(frozen=True)
class Wishes:
    """Choices for one import; an empty text means "as found".

    ``crs``: a code such as EPSG:4490, or GCJ-02 or BD-09, with ``+yx`` behind it for (y, x). ``…_field``:
    column names; ``-`` for none. ``level`` and ``parent`` (codes) hold for rows whose columns do not
    say. ``parent_by``: ``column``, ``fixed`` or ``place`` (the area that covers most of it); empty: the first
    of them that can be. ``tolerance_metres``: overlaps and gaps narrower than this are not reported.
    ``skip_unusable``: leave such rows out instead of stopping. ``retire_missing``: end the areas of the same
    levels, in the same parents, that the file does not have. ``valid_from``: first day of new areas.
    """

    layer: str = ""
    encoding: str = ""
    crs: str = ""
    code_field: str = ""
    name_field: str = ""
    name_en_field: str = ""
    level_field: str = ""
    parent_field: str = ""
    households_field: str = ""
    wkt_field: str = ""
    lon_field: str = ""
    lat_field: str = ""
    level: str = ""
    parent: str = ""
    parent_by: str = ""
    tolerance_metres: float = 1.0
    skip_unusable: bool = False
    retire_missing: bool = False
    valid_from: date | None = None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "valid_from": self.valid_from and self.valid_from.isoformat()}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Wishes":
        """From a form or a stored job; unknown members are left out. Raises :class:`Refused` for nonsense."""
        known = {field.name for field in fields(cls)}
        wishes = {name: value for name, value in given.items() if name in known and value is not None}
        try:
            if "tolerance_metres" in wishes:
                wishes["tolerance_metres"] = float(wishes["tolerance_metres"])
            if isinstance(wishes.get("valid_from"), str):
                text = wishes.pop("valid_from")
                wishes["valid_from"] = date.fromisoformat(text) if text else None
        except (TypeError, ValueError) as error:
            raise Refused(_("A number or a day of the import is not written as one.")) from error
        if not 0 <= wishes.get("tolerance_metres", 1.0) <= MOST_TOLERANCE:
            raise Refused(_("The tolerance must be between 0 and %(most)s metres.") % {"most": 100})
        return cls(**wishes)

    @property
    def geometry_columns(self) -> dict[str, str]:
        wanted = {"wkt": self.wkt_field, "lon": self.lon_field, "lat": self.lat_field}
        return {name: column for name, column in wanted.items() if column and column != NONE}
