"""How blocks are put together: names, ends, branches, what can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from .. import schema
from ..schema import Approval, Condition, Definition, Inclusive, Parallel, Sequence, SubProcess, Whistle
from .findings import Finding, Fix, Path, add, remove, replace
from .places import Place, ends

#: Drawn longer, nobody could read it any more.
MAX_BLOCKS = 300

EMPTY: dict[str, Any] = {"type": "sequence", "blocks": []}


def whole(definition: Definition, raw: Any) -> Iterator[Finding]:
    """What is wrong with the definition as a whole."""
    yield from _ids(definition)
    yield from _names(definition)
    if not ends(definition.body):
        yield Finding(
            "",
            _("Not every way through leads to an end. Add an end as the last block."),
            fix=_with_end(definition, raw),
        )
    yield from _handler(definition)


def _ids(definition: Definition) -> Iterator[Finding]:
    """An id given twice, at the second block; renaming that one leaves what points at the first."""
    taken: set[str] = set()
    everything = list(_drawn(definition.body, ("body",)))
    every_id = {block.id for block, _path in everything if getattr(block, "id", None)}
    for block, path in everything:
        block_id = getattr(block, "id", None)
        if block_id and block_id in taken:
            new = _free(block_id, every_id)
            every_id.add(new)
            yield Finding(
                block_id,
                _("Two blocks have this id. Give one of them another."),
                fix=Fix(_("Call this one “%(id)s”") % {"id": new}, (replace((*path, "id"), new),)),
                title=getattr(block, "title", ""),
            )
        elif block_id:
            taken.add(block_id)


def _names(definition: Definition) -> Iterator[Finding]:
    """Steps of the same name: nobody can tell them apart in lists and stories."""
    seen: set[str] = set()
    for block, path in _drawn(definition.body, ("body",)):
        if not isinstance(block, Approval | SubProcess | Whistle):
            continue
        if block.name in seen:
            number = next(n for n in range(2, MAX_BLOCKS + 2) if f"{block.name} {n}" not in seen)
            new = f"{block.name[:55]} {number}"
            yield Finding(
                block.id,
                _("Another step is called “%(name)s” as well. People would take one for the other.")
                % {"name": block.title},
                is_error=False,
                fix=Fix(_("Call it “%(name)s”") % {"name": new}, (replace((*path, "name"), new),)),
                title=block.title,
            )
            seen.add(new)
        seen.add(block.name)


def _handler(definition: Definition) -> Iterator[Finding]:
    steps = [
        (block, path) for block, path in _drawn(definition.body, ("body",)) if isinstance(block, Approval)
    ]
    inner = any(isinstance(block, Approval) and block.handler for block in schema.blocks(definition.body))
    if inner or any(block.handler for block, _path in steps):
        return
    fix = None
    if len(steps) == 1:
        ((step, path),) = steps
        words = _("Make whoever does “%(step)s” the handler") % {"step": step.title}
        fix = Fix(words, (add((*path, "handler"), True),))
    yield Finding(
        "", _("No step is the handler's, so that a case can never be reopened."), is_error=False, fix=fix
    )


def _with_end(definition: Definition, raw: Any) -> Fix:
    taken = {getattr(block, "id", None) for block in schema.blocks(definition.body)}
    end = {"type": "end", "id": _free("over", taken), "name": "结束", "name_en": "Over"}
    if isinstance(definition.body, Sequence):
        change = add(("body", "blocks", "-"), end)
    else:
        change = replace(("body",), {"type": "sequence", "blocks": [raw["body"], end]})
    return Fix(_("Add an end"), (change,))


def _free(wanted: str, taken: set[Any]) -> str:
    """An id that is not taken, made from the one wanted."""
    if wanted not in taken:
        return wanted
    return next(
        name for n in range(2, len(taken) + 3) if (name := f"{wanted[:36].rstrip('_')}_{n}") not in taken
    )


def _drawn(block: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    """The blocks that are drawn in this definition itself, reachable or not, and the way to each."""
    yield block, path
    match block:
        case Sequence(blocks=inner):
            for number, child in enumerate(inner):
                yield from _drawn(child, (*path, "blocks", number))
        case Condition() | Inclusive():
            for number, case in enumerate(block.cases):
                yield from _drawn(case.body, (*path, "cases", number, "body"))
            if block.otherwise is not None:
                yield from _drawn(block.otherwise, (*path, "otherwise"))
        case Parallel(branches=branches):
            for number, child in enumerate(branches):
                yield from _drawn(child, (*path, "branches", number))
        case Approval(outcomes=outcomes):
            for number, outcome in enumerate(outcomes):
                if outcome.ends:
                    yield outcome.ends, (*path, "outcomes", number, "ends")


# --- block by block ------------------------------------------------------------------------------------
def sequence(place: Place) -> Iterator[Finding]:
    """Blocks behind one after which a case never goes on."""
    blocks = place.block.blocks
    for number, child in enumerate(blocks[:-1]):
        if ends(child, inside=place.outer is not None):
            behind = blocks[number + 1]
            away = tuple(remove((*place.path, "blocks", n)) for n in range(len(blocks) - 1, number, -1))
            here = Place(behind, place.path, place.scope, place.context, place.outer)
            words = _("Take away what comes after the end")
            yield here.error(
                _("Nothing comes here: the case has ended before. Take it away, or move it up."),
                Fix(words, away),
            )
            return


def otherwise(place: Place) -> Iterator[Finding]:
    if place.block.otherwise is None:
        # Of several cases none need hold: the case then goes on, which may be just what is wanted.
        say = place.error if isinstance(place.block, Condition) else place.warning
        yield say(
            _("Say what happens otherwise, when no case holds; it may be nothing."),
            Fix(_("Otherwise nothing happens"), (_put(place, "otherwise", EMPTY),)),
        )


def _put(place: Place, name: str, value: Any) -> Any:
    """Sets an attribute, whether the JSON has it (null) or not: to add to an object replaces."""
    return add((*place.path, name), value)


def parallel(place: Place) -> Iterator[Finding]:
    branches = place.block.branches
    if len(branches) < 2:
        yield place.error(
            _("At the same time as what? Add a second branch."),
            _instead(place, 0) if branches else Fix(_("Take it away"), (replace(place.path, EMPTY),)),
        )
    for number, branch in enumerate(branches):
        if _is_empty(branch):
            yield place.error(
                _("Branch %(number)s is empty. Put a step into it, or take it away.")
                % {"number": number + 1},
                _without_branch(place, number),
            )
        if ends(branch, inside=place.outer is not None):
            yield place.error(
                _("Branch %(number)s always ends the case, so the others are in vain.")
                % {"number": number + 1}
            )


def _is_empty(branch: Any) -> bool:
    return all(isinstance(inner, Sequence) for inner in schema.blocks(branch))


def _without_branch(place: Place, number: int) -> Fix:
    if len(place.block.branches) == 2:
        return _instead(place, 1 - number)
    words = _("Take branch %(number)s away") % {"number": number + 1}
    return Fix(words, (remove((*place.path, "branches", number)),))


def _instead(place: Place, number: int) -> Fix:
    """The one branch in the place of the whole block."""
    if len(place.block.branches) <= number:
        return Fix(_("Take it away"), (replace(place.path, EMPTY),))
    branch = place.drawn("branches", number)
    return Fix(_("Keep only what is in the other branch"), (replace(place.path, branch),))


def inclusive(place: Place) -> Iterator[Finding]:
    """Cases that end the whole case while others may be under way."""
    if len(place.block.cases) < 2:
        return
    for number, case in enumerate(place.block.cases, start=1):
        if ends(case.body, inside=place.outer is not None):
            yield place.warning(
                _("Case %(number)s ends the case, also while other branches are being worked on.")
                % {"number": number}
            )


def sub_process(place: Place) -> Iterator[Finding]:
    """Whether there is such a workflow, not this one again; what is inside is checked block by block."""
    block, known = place.block, place.known.definitions
    if known is None or place.outer is not None:
        return
    through = {inner.definition for inner in schema.blocks(block) if isinstance(inner, SubProcess)}
    if place.context.definition.key in through:
        yield place.error(_("This workflow would run inside itself. Choose another workflow here."))
    elif block.definition not in known:
        yield place.error(
            _("There is no workflow “%(key)s”. Choose another one.") % {"key": block.definition}
        )
    elif known[block.definition] is None:
        yield place.error(
            _("The workflow “%(key)s” has not been published. Publish it first.") % {"key": block.definition}
        )


def webhook(place: Place) -> Iterator[Finding]:
    hooks = place.known.hooks
    if hooks is not None and place.block.hook not in hooks:
        yield place.error(
            _("This installation knows no system “%(hook)s”. Choose one of: %(hooks)s.")
            % {"hook": place.block.hook, "hooks": ", ".join(sorted(hooks)) or "—"}
        )


def too_many(definition: Definition) -> bool:
    return sum(1 for _block in schema.blocks(definition.body)) > MAX_BLOCKS
