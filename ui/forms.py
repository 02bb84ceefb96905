"""Form fields that several pages share."""

from __future__ import annotations

from typing import Any

from django import forms


class DayField(forms.DateField):
    """A day, chosen in the browser's own calendar."""

    def __init__(self, **kwargs: Any) -> None:
        # The format is that of the HTML standard, whatever the language of the page.
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, **kwargs)


class NodeField(forms.ModelChoiceField):
    """A node of a tree (treebeard's ``MP_Node``), the nodes indented below one another."""

    def label_from_instance(self, obj: Any) -> str:
        return "　" * (obj.depth - 1) + str(obj)
