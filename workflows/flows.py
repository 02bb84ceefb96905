"""Every published version N is importable as ``workflows.flows.WF_N``.

viewflow stores ``workflows/flows.WF_7`` with a process and ``workflows/flows.WF_7.b_handle`` with a task and
resolves them by import. A module ``__getattr__`` (PEP 562) is all it takes: any worker, also one started
before the version was published, compiles it when it first meets it. A published version never changes, so
the class is kept for the life of the process.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from viewflow.workflow import fields
from viewflow.workflow.base import Flow
from viewflow.workflow.models import Process

from .engine.compiler import compile_flow
from .engine.schema import Definition, FormField
from .models import WorkflowVersion

_NAME = re.compile(r"WF_([1-9]\d{0,17})")
_compiling = threading.RLock()


class WaitingRowLock:
    """Waits for the process row. viewflow's own lock gives up and sleeps; its default lets everybody win."""

    @contextmanager
    def __call__(self, flow_class: type[Flow], process_pk: int) -> Iterator[None]:
        with transaction.atomic():
            Process.objects.select_for_update().only("pk").get(pk=process_pk)
            yield


class CaseFlow(Flow):
    """Base of every compiled version."""

    lock_impl = WaitingRowLock()
    definition: Definition
    #: Code → field of the filing form or of a step; of two with one code the first.
    form_fields: Mapping[str, FormField] = {}
    #: Whether any step hides a field from whoever takes it.
    hides = False
    #: Approval → approvals drawn before it: where it may be returned to.
    earlier: Mapping[str, frozenset[str]] = {}
    has_parallel = False
    asked_outcomes: frozenset[str] = frozenset()

    @classmethod
    def start_node(cls) -> Any:
        from .engine.compiler import START

        return cls.instance.node(START)


def __getattr__(name: str) -> type[Flow]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise AttributeError(name)
    with _compiling:  # one class object per version, whatever the threads do
        compiled: type[Flow] | None = globals().get(name)
        if compiled is None:
            version = (
                WorkflowVersion.objects.exclude(status=WorkflowVersion.Status.DRAFT)
                .filter(pk=int(match[1]))
                .first()
            )
            if version is None:
                raise AttributeError(name)
            compiled = compile_flow(Definition.model_validate(version.body), name=name, base=CaseFlow)
            globals()[name] = compiled
        return compiled


def forget(version_id: int) -> None:
    """Drop a class compiled for a version that was never committed; its id may be given again."""
    with _compiling:
        if globals().pop(f"WF_{version_id}", None) is not None:
            for cached in (
                fields.import_flow_by_ref,
                fields.import_task_by_ref,
                fields.get_flow_ref,
                fields.get_task_ref,
            ):
                cached.cache_clear()
