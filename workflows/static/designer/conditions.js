// A condition as rows of field, comparison and value, and as text. Rows stand in groups: of a group every row must
// hold and one group is enough (`join` "or"), or the other way round ("and"). What is neither stays text.

const TOKEN = /\s*(?:(-?\d+(?:\.\d+)?)|("(?:[^"\\]|\\.)*")|(\.\.|<=|>=|!=|[=<>()[\],])|([\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)?)|$)/uy;
const OPERATORS = ["=", "!=", "<", "<=", ">", ">="];
const CONSTANTS = { true: true, false: false, null: null };

function tokens(text) {
  const found = [];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length; ) {
    const match = TOKEN.exec(text) ?? refuse();
    const [, number, quoted, sign, name] = match;
    if (number) found.push({ value: Number(number) });
    else if (quoted) found.push({ value: quoted.slice(1, -1).replace(/\\(.)/gs, "$1") });
    else if (name in CONSTANTS) found.push({ value: CONSTANTS[name] });
    else if (sign || ["and", "or", "in", "not"].includes(name)) found.push({ sign: sign ?? name });
    else if (name) found.push({ name });
  }
  return found;
}

function refuse() {
  throw new SyntaxError("no rows");
}

/** { join, groups: [[{ field, op, value }]] }, or null for what rows cannot say. */
export function rowsOf(text) {
  if (!text?.trim()) return { join: "or", groups: [[]] };
  try {
    const list = tokens(text);
    const read = (parts, word) => parts.map((part) => split(inner(part), word).map(row));
    const [ors, ands] = [split(list, "or"), split(list, "and")];
    const isAnd = ors.length === 1 && ands.some((part) => split(inner(part), "or").length > 1);
    return isAnd ? { join: "and", groups: read(ands, "or") } : { join: "or", groups: read(ors, "and") };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function split(list, word) {
  let depth = 0;
  const parts = [[]];
  for (const token of list) {
    depth += { "(": 1, ")": -1 }[token.sign] ?? 0;
    if (!depth && token.sign === word) parts.push([]);
    else parts.at(-1).push(token);
  }
  return parts;
}

const inner = (list) => (list[0]?.sign === "(" && list.at(-1).sign === ")" ? list.slice(1, -1) : list);

function row([{ name: field } = {}, { sign: op } = {}, third = {}, ...rest]) {
  if (!field) refuse();
  if (!op) return { field, op: "=", value: true };
  if (op === "in") {
    const end = rest.pop()?.sign;
    const word = { "()": ",", "[]": ".." }[third.sign + end] ?? refuse();
    const value = split(rest, word).map((part) => (part.length === 1 && "value" in part[0] ? part[0].value : refuse()));
    return { field, op: word === "," ? "in" : value.length === 2 ? "between" : refuse(), value };
  }
  if (!OPERATORS.includes(op) || !("value" in third) || rest.length) refuse();
  const known = third.value === null && { "=": "unknown", "!=": "known" }[op];
  return known ? { field, op: known } : { field, op, value: third.value };
}

/** The text of rows, as `rowsOf` gives them. */
export function textOf({ join, groups }) {
  const inner = join === "or" ? "and" : "or";
  const filled = groups.filter((group) => group.length);
  const brackets = filled.length > 1 || inner === "or";
  const texts = filled.map((group) => group.map(rowText).join(` ${inner} `));
  return texts.map((text, n) => (brackets && filled[n].length > 1 ? `(${text})` : text)).join(` ${join} `);
}

function rowText({ field, op, value }) {
  if (op === "known" || op === "unknown") return `${field} ${op === "known" ? "!=" : "="} null`;
  if (op === "between") return `${field} in [${value.map(literal).join("..")}]`;
  return op === "in" ? `${field} in (${value.map(literal).join(", ")})` : `${field} ${op} ${literal(value)}`;
}

const literal = (value) => (typeof value === "string" ? `"${value.replace(/["\\]/g, "\\$&")}"` : String(value ?? null));
