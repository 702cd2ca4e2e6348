import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, type Stats } from 'node:fs';
import { Fault } from '../../core/fault.ts';

/** A system user and its group; null: whoever we run as. */
export type Owner = { uid: number; gid: number } | null;

/** Others may enter (not look): a user of its own runs what is in it. */
const ENTERED = 0o711;
const PRIVATE = 0o700;

/**
 * Where Latchkey keeps its state: nobody else's to look at. As root, the user that the embedded PostgreSQL then runs
 * as has to get through it.
 */
export function stateFolder(path: string): void {
  const mode = process.getuid?.() === 0 ? ENTERED : PRIVATE;
  mkdirSync(path, { recursive: true, mode });
  // One of an earlier version; somebody else's, mounted into a container, stays as it is.
  if (isOf(lstatSync(path), process.getuid?.())) chmodSync(path, mode);
}

/**
 * Makes a folder that nobody but its owner can look into or change, or takes one that is exactly so. A folder that
 * somebody else put in its place is refused (`store.unavailable`): a program or a database in it would be theirs.
 */
export function privateFolder(path: string, owner: Owner): void {
  const uid = process.getuid?.();
  if (!made(path, PRIVATE) && isEmptyOne(path, uid)) chmodSync(path, PRIVATE);
  if (owner !== null && isEmptyOne(path, uid)) chownSync(path, owner.uid, owner.gid);
  const about = lstatSync(path);
  const trouble = troubleWith(about, owner?.uid ?? uid, 0o077);
  if (trouble !== null) refuse(path, trouble);
}

/** Of ours and nothing in it: a volume that was just mounted, say. */
function isEmptyOne(path: string, uid: number | undefined): boolean {
  const about = lstatSync(path);
  return about.isDirectory() && isOf(about, uid) && readdirSync(path).length === 0;
}

/** Makes a folder of root. Others can enter it and run programs in it; nobody else can change it. */
export function rootsFolder(path: string): void {
  made(path, ENTERED);
  const trouble = troubleWith(lstatSync(path), 0, 0o022);
  if (trouble !== null) refuse(path, trouble);
}

/** Whether there is such a folder, of this user's alone. */
export function isPrivateFolder(path: string, owner: Owner): boolean {
  const about = lstatSync(path, { throwIfNoEntry: false });
  return about !== undefined && troubleWith(about, owner?.uid ?? process.getuid?.(), 0o077) === null;
}

/** Throws `store.unavailable` when the folder is there and another user's: only they get into the database in it. */
export function refuseAnothers(path: string, owner: Owner): void {
  const about = lstatSync(path, { throwIfNoEntry: false });
  // As root it is ours for a moment, before it is given to the user that PostgreSQL runs as.
  const own = process.getuid?.();
  if (about === undefined || isOf(about, own) || isOf(about, owner?.uid ?? own)) return;
  throw new Fault(
    'store.unavailable',
    `the embedded database in ${path} belongs to another user (${about.uid}): call the command as the user who runs Latchkey`,
    { retryable: false },
  );
}

function made(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode });
    // Whatever the umask leaves out.
    chmodSync(path, mode);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    throw new Fault(
      'store.unavailable',
      `the folder ${path} can’t be made (${code}): start Latchkey in a folder that other users can enter, or set DATABASE_URL`,
      { retryable: false, cause },
    );
  }
}

/** `uid` undefined: this system has no such users. */
function troubleWith(about: Stats, uid: number | undefined, forbidden: number): string | null {
  if (about.isSymbolicLink()) return 'is a link';
  if (!about.isDirectory()) return 'is no folder';
  if (!isOf(about, uid)) return `belongs to user ${about.uid}, not ${uid}`;
  if (uid !== undefined && (about.mode & forbidden) !== 0)
    return `is open to others (mode ${(about.mode & 0o777).toString(8)})`;
  return null;
}

function isOf(about: Stats, uid: number | undefined): boolean {
  return uid === undefined || about.uid === uid;
}

function refuse(path: string, trouble: string): never {
  throw new Fault(
    'store.unavailable',
    `the folder ${path} ${trouble}, so what is in it may be somebody else’s, and Latchkey does not use it: see who made it and take it away, or set DATABASE_URL`,
    { retryable: false },
  );
}
