import { type ArchivedSegment, archivedSegments } from '../store/audit-archives.ts';
import { firstOutOfOrder, sealedCount, sealOf } from '../store/audit-seals.ts';
import { checkpointFrom, checkpointsDown, type StoredCheckpoint, treeNodes } from '../store/audit-tree.ts';
import { type Db, poolOf } from '../store/postgres/database.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { type LogKeys, noKeys } from './log-keys.ts';
import { BLOCK, rootOfPerfect, type Tree, TreeEdge } from './merkle.ts';
import { parseNote, signersOf } from './note.ts';
import { type Scanned, scan } from './scan.ts';
import { leavesFrom } from './tree.ts';

/** What was done to the trail. */
export type Damage = 'changed' | 'deleted' | 'reordered' | 'cut' | 'rewritten' | 'unsigned';

/** `brokenAt`: the first entry that is not as it was sealed; with `upTo`, the first is one of these. */
export type Broken = { brokenAt: number; upTo: number; damage: Damage; why: string };

export type Sound = {
  /** Entries that are sealed. */
  entries: number;
  /** The root of the tree over all of them, hexadecimal. */
  head: string;
  /** Entries that a checkpoint signed with our key covers; 0: none is. */
  signed: number;
  /** The entries that were computed from their rows; of the others the kept hashes were taken. */
  computed: { from: number; to: number };
  /** Of these, the entries that are archived: their kept hashes were taken too. */
  archived: number;
};

export type AuditCheck = Sound | Broken;

export type VerifyOptions = {
  keys?: LogKeys;
  /** Checkpoints that were kept elsewhere, as text. */
  known?: readonly string[];
  /** Computes only these entries anew, both included. */
  from?: number;
  to?: number;
  /** Reads a stretch of the trail; without, this process does. */
  scan?: (stretch: [number, number], archives: readonly ArchivedSegment[]) => Promise<Scanned>;
  /** Stretches that are read at a time. */
  atOnce?: number;
};

/** Entries in one stretch: a multiple of a block. */
const STRETCH = 32 * BLOCK;
/** Checkpoints that are looked through at a time for one that is signed. */
const CHECKPOINTS = 100;

/** Computes the trail anew from its rows, and holds it against its seals, its tree and every checkpoint that is known. */
export async function verifyAudit(db: Db, options: VerifyOptions = {}): Promise<AuditCheck> {
  const keys = options.keys ?? noKeys;
  // First: Latchkey seals on meanwhile, and what a checkpoint covers was sealed before it.
  const last = await newest(db, keys);
  const sealed = await sealedCount(db);
  const known: Tree[] = [];
  for (const text of options.known ?? []) {
    const read = trusted(text, keys);
    if ('why' in read) return { brokenAt: 1, upTo: sealed, damage: 'rewritten', why: read.why };
    known.push(read);
  }
  const from = blockStart(Math.max(1, options.from ?? 1));
  const to = Math.min(sealed, options.to ?? sealed);
  const computed = await compute(db, from, to, options);
  if ('damage' in computed) return computed;
  const trail = await wholeTrail(db, sealed, computed);
  if ('damage' in trail) return trail;
  for (const tree of known.sort((a, b) => a.size - b.size)) {
    const wrong = await against(db, trail, tree, 'a checkpoint that was kept elsewhere');
    if (wrong !== null) return wrong;
  }
  const signed = await againstStored(db, trail, { keys, last });
  if (typeof signed !== 'number') return signed;
  return {
    entries: sealed,
    head: (await trail.rootAt(sealed)).toString('hex'),
    signed,
    computed: { from, to },
    archived: computed.archived,
  };
}

function blockStart(seq: number): number {
  return Math.floor((seq - 1) / BLOCK) * BLOCK + 1;
}

/** What a checkpoint says that was kept elsewhere; with keys, one of them has to have signed it. */
function trusted(text: string, { verifiers }: LogKeys): Tree | { why: string } {
  const tree = parseCheckpoint(text);
  const note = parseNote(text, true);
  if (tree === null || note === null) return { why: 'a checkpoint that was kept elsewhere can’t be read' };
  if (verifiers.length === 0) return tree;
  const { signedBy, isForged } = signersOf(note, verifiers);
  return isForged || signedBy.length === 0
    ? {
        why: `the checkpoint of ${tree.size} entries that was kept elsewhere is not signed with a key of this log`,
      }
    : tree;
}

/** The roots over whole blocks, from a number on. */
type Computed = { from: number; archived: number; blocks: Buffer[] };

async function compute(
  db: Db,
  from: number,
  to: number,
  { scan: read = (stretch, archives) => scan(poolOf(db), stretch, archives), atOnce = 2 }: VerifyOptions,
): Promise<Computed | Broken> {
  const archives = await archivedSegments(db);
  const stretches: Scanned[] = [];
  let next = from;
  let broken = Infinity;
  const work = async () => {
    while (next <= Math.min(to, broken)) {
      const first = next;
      next += STRETCH;
      const done = await read([first, Math.min(to, first + STRETCH - 1)], archives);
      broken = Math.min(broken, done.broken?.seq ?? Infinity);
      stretches.push(done);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  stretches.sort((a, b) => a.first - b.first);
  const first = stretches.find((one) => one.broken !== null)?.broken ?? null;
  // Archived meanwhile: what is gone has left by the door.
  if (first?.is === 'deleted' && (await archivedSegments(db)).length > archives.length)
    return await compute(db, from, to, { scan: read, atOnce });
  if (first !== null) return await nameOf(db, first);
  const archived = stretches.reduce((sum, one) => sum + one.archived, 0);
  return { from, archived, blocks: stretches.flatMap(({ blocks }) => hashesIn(blocks)) };
}

function hashesIn(bytes: Uint8Array): Buffer[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: all.length / 32 }, (_, n) => all.subarray(n * 32, n * 32 + 32));
}

async function nameOf(db: Db, { seq, is, leaf }: NonNullable<Scanned['broken']>): Promise<Broken> {
  const at = { brokenAt: seq, upTo: seq };
  if (is === 'deleted') return { ...at, damage: 'deleted', why: 'it has been deleted' };
  const other = leaf === null ? null : await sealOf(db, { hash: Buffer.from(leaf) });
  if (other !== null && other !== seq)
    return { ...at, damage: 'reordered', why: `in its place is what was sealed as entry ${other}` };
  return { ...at, damage: 'changed', why: 'it is not what was sealed' };
}

/** The trail as a tree: what was computed, and for the rest the hashes that are kept. */
type Trail = { sealed: number; rootAt(size: number): Promise<Buffer> };

async function wholeTrail(db: Db, sealed: number, computed: Computed): Promise<Trail | Broken> {
  const blocks = await treeNodes(db, 8, 0, Math.floor(sealed / BLOCK));
  const before = (computed.from - 1) / BLOCK;
  for (const [n, block] of computed.blocks.entries()) {
    const place = before + n;
    const kept = blocks[place];
    // The tree may lag behind the seals: what is not kept yet says nothing.
    if (kept !== undefined && !kept.equals(block))
      return await between(db, place * BLOCK, (place + 1) * BLOCK, 'its seals are not those of the tree');
    blocks[place] = block;
  }
  return {
    sealed,
    async rootAt(size) {
      const edge = new TreeEdge();
      const whole = Math.floor(size / BLOCK);
      for (let n = 0; n < whole; n++)
        edge.add(blocks[n] ?? rootOfPerfect(await leavesFrom(db, n * BLOCK, BLOCK)), 8);
      for (const leaf of await leavesFrom(db, whole * BLOCK, size % BLOCK)) edge.add(leaf);
      return edge.root();
    },
  };
}

/** What is wrong when the trail is held against a checkpoint; null: nothing. */
async function against(db: Db, trail: Trail, tree: Tree, what: string): Promise<Broken | null> {
  if (tree.size > trail.sealed)
    return {
      brokenAt: trail.sealed + 1,
      upTo: tree.size,
      damage: 'cut',
      why: `${what} covers ${tree.size} entries, and ${trail.sealed} are left`,
    };
  if ((await trail.rootAt(tree.size)).equals(tree.root)) return null;
  // The first is behind the largest checkpoint that still agrees, and not behind the smallest that does not.
  let good = 0;
  let bad = tree.size;
  for (let from = good + 1, to = bad; from < to; ) {
    const middle = Math.floor((from + to) / 2);
    const one = await checkpointFrom(db, middle);
    if (one === null || one.size >= bad) to = middle;
    else if ((await trail.rootAt(one.size)).equals(one.root)) {
      good = one.size;
      from = Math.max(middle, one.size) + 1;
    } else {
      bad = one.size;
      to = middle;
    }
  }
  return await between(db, good, bad, `${what} says otherwise`);
}

/** All hashes agree with each other, but not with what was kept: somebody made them anew. */
async function between(db: Db, good: number, bad: number, why: string): Promise<Broken> {
  const moved = await firstOutOfOrder(db, good + 1, bad);
  return moved === null
    ? { brokenAt: good + 1, upTo: bad, damage: 'rewritten', why: `all hashes were made anew: ${why}` }
    : {
        brokenAt: moved,
        upTo: moved,
        damage: 'reordered',
        why: `it stands before one that was written earlier: ${why}`,
      };
}

/** How many entries a checkpoint signed with our key covers, or what is wrong. */
async function againstStored(
  db: Db,
  trail: Trail,
  { keys, last }: { keys: LogKeys; last: Newest },
): Promise<number | Broken> {
  if (last === null) return 0;
  if ('forged' in last) {
    const { size } = last.forged;
    const why = `the checkpoint of ${size} entries bears a signature that the key of this log did not make`;
    return { brokenAt: 1, upTo: Math.min(size, trail.sealed), damage: 'rewritten', why };
  }
  const inside = last.size > trail.sealed ? await checkpointFrom(db, 1, trail.sealed) : null;
  for (const one of inside === null ? [last] : [inside, last]) {
    const wrong = await against(db, trail, one, 'a checkpoint in the database');
    if (wrong !== null) return wrong;
  }
  if (keys.verifiers.length === 0) return 0;
  return last.isSigned
    ? last.size
    : {
        brokenAt: 1,
        upTo: trail.sealed,
        damage: 'unsigned',
        why: 'no checkpoint is signed with a key of this log: start Latchkey with AUDIT_SIGNING_KEY, or name the verifier key with --key',
      };
}

type Newest = (StoredCheckpoint & { isSigned: boolean }) | { forged: StoredCheckpoint } | null;

/** The largest checkpoint that a key of ours has signed; where none is, the largest. */
async function newest(db: Db, { verifiers }: LogKeys): Promise<Newest> {
  let largest: StoredCheckpoint | null = null;
  for (let before: StoredCheckpoint | null = null; ; ) {
    const page = await checkpointsDown(db, before, CHECKPOINTS);
    for (const one of page) {
      largest ??= one;
      const note = parseNote(one.note, true);
      const said = parseCheckpoint(one.note);
      if (note === null || said?.size !== one.size || !said.root.equals(one.root)) return { forged: one };
      const { signedBy, isForged } = signersOf(note, verifiers);
      if (isForged) return { forged: one };
      if (signedBy.length > 0) return { ...one, isSigned: true };
    }
    before = page.at(-1) ?? null;
    if (before === null || verifiers.length === 0)
      return largest === null ? null : { ...largest, isSigned: false };
  }
}
