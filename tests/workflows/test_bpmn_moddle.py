"""Exported files open in the usual modellers: bpmn-moddle, which reads for them, complains of nothing."""

import json
import subprocess
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from tests.workflows.definitions import definitions
from workflows.bpmn.export import export
from workflows.engine.schema import Definition
from workflows.management.commands.load_workflows import SHIPPED

SCRIPT = Path(__file__).with_name("bpmn_moddle.mjs")


def read_by_moddle(folder: Path) -> dict[str, dict]:
    """What bpmn-moddle says about each file of a folder."""
    files = [str(file) for file in sorted(folder.glob("*.bpmn"))]
    done = subprocess.run(
        ["node", str(SCRIPT), *files], capture_output=True, text=True, check=True, timeout=120
    )
    return {Path(name).stem: found for name, found in json.loads(done.stdout).items()}


def test_shipped_and_random_workflows_are_read_without_a_warning(tmp_path):
    bodies = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(SHIPPED.rglob("*.json"))]

    @settings(
        max_examples=200, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(definitions())
    def some(body):
        bodies.append(body)

    some()
    for number, body in enumerate(bodies):
        (tmp_path / f"{number}.bpmn").write_bytes(export(Definition.model_validate(body)))
    found = read_by_moddle(tmp_path)
    assert len(found) == len(bodies) >= 202
    for name, said in found.items():
        assert said["warnings"] == [], name
        # Every node and every flow has its shape, and every shape belongs to one.
        assert said["shapes"] == [], name
        assert said["nodes"] == said["drawn"] > 0, name


def test_a_file_that_refers_to_nothing_would_be_noticed(tmp_path):
    body = json.loads((SHIPPED / "standard.json").read_text(encoding="utf-8"))
    whole = export(Definition.model_validate(body))
    (tmp_path / "broken.bpmn").write_bytes(whole.replace(b'targetRef="b_close"', b'targetRef="nowhere"'))
    (tmp_path / "cut.bpmn").write_bytes(whole[: len(whole) // 2])
    found = read_by_moddle(tmp_path)
    assert found["broken"]["warnings"]
    assert found["cut"]["warnings"]
