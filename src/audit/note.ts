import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

/**
 * Signed notes (C2SP signed-note), with Ed25519 alone. A key for signing is written as Go's `sumdb/note` writes it:
 * `PRIVATE+KEY+<name>+<key id>+<base64 of the type and the seed>`.
 */

/** The types of signatures, as a byte before the key. */
const ED25519 = 1;
const COSIGNATURE = 4;
/** What stands before 32 bytes in PKCS #8 (RFC 8410 section 7) and in SPKI (section 4). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const SIGNATURES_MAX = 100;
const COSIGNATURE_BYTES = 8 + 64;

type KeyType = typeof ED25519 | typeof COSIGNATURE;

/** Somebody's key for checking. */
export type Verifier = { name: string; id: string; vkey: string; type: KeyType; key: KeyObject };

/** A key for signing, with its public part. */
export type Signer = { verifier: Verifier; key: KeyObject };

/** A text with its signature lines, none of them checked. */
export type Note = { text: string; signatures: { name: string; id: string; bytes: Buffer }[] };

/** A new key for signing, in words to keep secret. `name`: an address without a scheme, as `latchkey.example/audit`. */
export function newSigningKey(name: string, isForCosigning = false): string {
  if (!isKeyName(name)) throw new TypeError(`${name} can’t be the name of a key`);
  const seed = generateKeyPairSync('ed25519')
    .privateKey.export({ type: 'pkcs8', format: 'der' })
    .subarray(-32);
  const type = isForCosigning ? COSIGNATURE : ED25519;
  const { id } = verifierOf(name, type, publicOf(seed));
  return `PRIVATE+KEY+${name}+${id}+${Buffer.concat([Buffer.from([type]), seed]).toString('base64')}`;
}

/** Null: this is no such key. */
export function readSigner(text: string): Signer | null {
  const [, name = '', id, encoded = ''] =
    /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([\w+/=]+)$/.exec(text.trim()) ?? [];
  const bytes = base64(encoded);
  if (bytes?.length !== 33 || !isKeyName(name) || !isType(bytes[0])) return null;
  const seed = bytes.subarray(1);
  const verifier = verifierOf(name, bytes[0], publicOf(seed));
  return verifier.id === id ? { verifier, key: privateOf(seed) } : null;
}

/** A verifier key as text: `<name>+<key id>+<base64 of the type and the key>`. Null: this is none. */
export function readVerifier(text: string): Verifier | null {
  const [, name = '', id, encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+([\w+/=]+)$/.exec(text.trim()) ?? [];
  const bytes = base64(encoded);
  if (bytes?.length !== 33 || !isKeyName(name) || !isType(bytes[0])) return null;
  const verifier = verifierOf(name, bytes[0], bytes.subarray(1));
  return verifier.id === id ? verifier : null;
}

/** `text` ends with a new line. */
export function signNote(text: string, signers: readonly Signer[]): string {
  return `${text}\n${signers.map((signer) => signatureLine(signer, sign(null, Buffer.from(text), signer.key))).join('')}`;
}

function signatureLine({ verifier: { name, id } }: Signer, signature: Buffer): string {
  return `— ${name} ${Buffer.concat([Buffer.from(id, 'hex'), signature]).toString('base64')}\n`;
}

/** A witness's signature line (C2SP tlog-cosignature). `time`: in whole seconds since 1970. */
export function cosignatureLine(text: string, signer: Signer, time: number): string {
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(time));
  return signatureLine(signer, Buffer.concat([stamp, sign(null, cosigned(text, time), signer.key)]));
}

function cosigned(text: string, time: number | bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
}

/** Null: this is no note. A note without signatures is none, unless they may be missing. */
export function parseNote(note: string, mayBeUnsigned = false): Note | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a note has none but new lines
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note) || !note.isWellFormed()) return null;
  const end = note.lastIndexOf('\n\n');
  if (end < 0) return null;
  const text = note.slice(0, end + 1);
  const rest = note.slice(end + 2);
  if (rest === '') return mayBeUnsigned ? { text, signatures: [] } : null;
  if (!rest.endsWith('\n')) return null;
  const signatures: Note['signatures'] = [];
  for (const line of rest.slice(0, -1).split('\n')) {
    const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
    const bytes = base64(encoded);
    if (!isKeyName(name) || bytes === null || bytes.length < 5 || signatures.length >= SIGNATURES_MAX)
      return null;
    signatures.push({ name, id: bytes.subarray(0, 4).toString('hex'), bytes: bytes.subarray(4) });
  }
  return { text, signatures };
}

/** Which of these keys have signed the note; `isForged`: a signature by one of them does not fit. */
export function signersOf(
  note: Note,
  verifiers: readonly Verifier[],
): { signedBy: Verifier[]; isForged: boolean } {
  const signedBy: Verifier[] = [];
  let isForged = false;
  for (const { name, id, bytes } of note.signatures) {
    const known = verifiers.find((one) => one.name === name && one.id === id);
    if (known === undefined) continue;
    if (fits(note.text, known, bytes)) signedBy.push(known);
    else isForged = true;
  }
  return { signedBy, isForged };
}

function fits(text: string, { type, key }: Verifier, bytes: Buffer): boolean {
  if (type === ED25519) return bytes.length === 64 && verify(null, Buffer.from(text), key, bytes);
  if (bytes.length !== COSIGNATURE_BYTES) return false;
  return verify(null, cosigned(text, bytes.readBigUInt64BE(0)), key, bytes.subarray(8));
}

function verifierOf(name: string, type: KeyType, publicKey: Buffer): Verifier {
  const encoded = Buffer.concat([Buffer.from([type]), publicKey]);
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), encoded]), 'buffer')
    .subarray(0, 4)
    .toString('hex');
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' });
  return { name, id, vkey: `${name}+${id}+${encoded.toString('base64')}`, type, key };
}

function privateOf(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

function publicOf(seed: Buffer): Buffer {
  return createPublicKey(privateOf(seed)).export({ type: 'spki', format: 'der' }).subarray(-32);
}

function isType(type: unknown): type is KeyType {
  return type === ED25519 || type === COSIGNATURE;
}

export function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\s+\p{Zs}]/u.test(name);
}

/** Null: it is not written as base64 is (RFC 4648 section 4). */
export function base64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
