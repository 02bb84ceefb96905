// Reads BPMN files named on the command line as bpmn.io's modellers do; prints the warnings as JSON.
import { readFile } from 'node:fs/promises';
import { BpmnModdle } from '../vendor/bpmn-moddle/index.mjs';

const found = {};
for (const file of process.argv.slice(2)) {
  const moddle = new BpmnModdle();
  try {
    const { rootElement, warnings } = await moddle.fromXML(await readFile(file, 'utf8'));
    const [, shapes] = [rootElement, rootElement.diagrams[0].plane.planeElement];
    found[file] = {
      warnings: warnings.map((warning) => warning.message),
      shapes: shapes.filter((shape) => !shape.bpmnElement).map((shape) => shape.id),
      nodes: rootElement.rootElements[0].flowElements.length,
      drawn: shapes.length,
    };
  } catch (error) {
    found[file] = { warnings: [String(error.message)], shapes: [], nodes: 0, drawn: 0 };
  }
}
console.log(JSON.stringify(found));
