"""A geometry column without a system library: WKB in the row, shapely in Python."""

from typing import Any

import shapely
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from shapely.geometry.base import BaseGeometry


class GeometryField(models.BinaryField):
    """A shapely geometry in WGS-84, coordinates (longitude, latitude) in degrees, stored as WKB.

    See docs/adr/0001-no-geodjango.md.
    """

    description = _("Geometry")

    def from_db_value(
        self, value: bytes | memoryview | None, expression: Any, connection: Any
    ) -> BaseGeometry | None:
        return None if value is None else shapely.from_wkb(bytes(value))

    def to_python(self, value: Any) -> BaseGeometry | None:
        if value is None or isinstance(value, BaseGeometry):
            return value
        try:
            return shapely.from_wkt(value) if isinstance(value, str) else shapely.from_wkb(bytes(value))
        except (shapely.errors.ShapelyError, TypeError) as error:
            raise ValidationError(_("This is not a geometry.")) from error

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        geometry = self.to_python(value)
        return super().get_db_prep_value(
            None if geometry is None else shapely.to_wkb(geometry), connection, prepared
        )

    def value_to_string(self, obj: models.Model) -> str:
        geometry = self.value_from_object(obj)
        return "" if geometry is None else shapely.to_wkt(geometry)
