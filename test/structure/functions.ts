import { parseSync, visitorKeys } from 'oxc-parser';
import type { SourceFile } from './source.ts';

/** A function as a reader meets it. */
export type Measured = {
  /** `src/flow/kernel/commit.ts commit`; a callback is named by the call that it is given to. */
  place: string;
  /** Its lines without those of functions that have a name of their own in it: a factory counts like a class. */
  ownLines: number;
  /** How deep `if`, `for`, `while`, `switch` and `try` stand in one another in it. */
  depth: number;
  parameters: number;
  /** Whether a comment right above it gives a reason for its length, or for its depth. */
  hasReason: { long: boolean; deep: boolean };
};

type Node = { type: string; start: number; end: number } & Record<string, unknown>;
type Open = Measured & { isNamed: boolean; nested: number };

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const branches = new Set([
  'IfStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'WhileStatement',
  'DoWhileStatement',
  'SwitchStatement',
  'TryStatement',
]);
/** Where the name of a function stands when it is not in the function itself. */
const namedBy: Record<string, { name: string; value: string }> = {
  VariableDeclarator: { name: 'id', value: 'init' },
  Property: { name: 'key', value: 'value' },
  MethodDefinition: { name: 'key', value: 'value' },
  PropertyDefinition: { name: 'key', value: 'value' },
};

/** Every function of a file that has a body. */
export function functionsOf({ path, text }: Pick<SourceFile, 'path' | 'text'>): Measured[] {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const lines = text.split('\n');
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length - 1;
  const done: Measured[] = [];
  const open: Open[] = [];

  function enter(node: Node, above: readonly Node[]): void {
    const name = nameOf(node, above, text);
    const first = lineOf(node.start);
    open.push({
      place: `${path} ${name ?? `callback of ${calleeOf(above, text)}`}`,
      ownLines: lineOf(node.end) - first + 1,
      depth: 0,
      parameters: (node.params as unknown[]).length,
      hasReason: { long: hasReason(lines, first, 'Long'), deep: hasReason(lines, first, 'Deep') },
      isNamed: name !== null,
      nested: 0,
    });
  }

  /** A named function is taken off from what it stands in, up to the next that has a name. */
  function leave(node: Node): void {
    const { isNamed, nested: _, ...measured } = open.pop() as Open;
    done.push(measured);
    if (!isNamed) return;
    const wholeLines = lineOf(node.end) - lineOf(node.start) + 1;
    for (const outer of open.toReversed()) {
      outer.ownLines -= wholeLines;
      if (outer.isNamed) break;
    }
  }

  function visit(node: Node, above: readonly Node[]): void {
    const parent = above.at(-1);
    const isFunction = functions.has(node.type) && node.body !== null;
    const isElseIf = parent?.type === 'IfStatement' && parent.alternate === node;
    const isDeeper = branches.has(node.type) && !isElseIf;
    const within = open.at(-1);
    if (isFunction) enter(node, above);
    if (isDeeper && within !== undefined) {
      within.nested += 1;
      within.depth = Math.max(within.depth, within.nested);
    }
    for (const key of visitorKeys[node.type] ?? [])
      for (const child of [node[key]].flat()) if (child) visit(child as Node, [...above, node]);
    if (isDeeper && within !== undefined) within.nested -= 1;
    if (isFunction) leave(node);
  }

  visit(program as unknown as Node, []);
  return done;
}

function nameOf(node: Node, above: readonly Node[], text: string): string | null {
  const parent = above.at(-1);
  const by = parent === undefined ? undefined : namedBy[parent.type];
  const id = (node.id ?? (by !== undefined && parent?.[by.value] === node ? parent[by.name] : null)) as
    | Node
    | null
    | undefined;
  return id ? text.slice(id.start, id.end) : null;
}

function calleeOf(above: readonly Node[], text: string): string {
  const call = above.findLast(({ type }) => type === 'CallExpression' || type === 'NewExpression');
  const callee = call?.callee as Node | undefined;
  return callee === undefined ? 'nothing' : text.slice(callee.start, callee.end);
}

/** `// Long: <reason>` among the comment lines that end right above a function. */
function hasReason(lines: readonly string[], first: number, word: 'Long' | 'Deep'): boolean {
  for (let i = first - 1; lines[i]?.trim().startsWith('//'); i--)
    if (lines[i]?.trim().match(/^\/\/ (Long|Deep): .{10}/)?.[1] === word) return true;
  return false;
}
