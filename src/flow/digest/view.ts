import type { Digest, DigestLine } from '../../core/digest/digest.ts';
import { readChange } from '../../store/changes.ts';
import { countLines, linesAsked, readDigest, readLines } from '../../store/digests.ts';
import { peopleWithAccounts, readPerson } from '../../store/people.ts';
import type { Context } from '../kernel/context.ts';
import { adminContacts } from '../people/admins.ts';
import { type Named, named } from '../people/named.ts';

/** A line's title, and the round of its finding, which a decision on it carries. */
export type ShownLine = DigestLine & {
  title: string;
  conflictsWith: string | null;
  holder: Named;
  round: number;
};

/** Everything the messages of a digest are made of; they are a pure function of this. */
export type DigestView = {
  digest: Digest;
  reader: Named;
  /** Who gets it because its reader is not in chat. */
  instead: Named[];
  /** The first lines, and how many there are in all. */
  lines: ShownLine[];
  total: { lines: number; answered: number };
  /** Those whose holders were asked. */
  asked: ShownLine[];
  idpName: string;
  unusedSeconds: number;
};

/** Lines on the message itself; the others are behind a button. */
const LINES_ON_MESSAGE = 10;

/** `unreachable`: accounts that could not be written to a moment ago. */
export async function readDigestView(
  context: Context,
  id: string,
  unreachable: ReadonlySet<string> = new Set(),
): Promise<DigestView | null> {
  const digest = await readDigest(context.db, id);
  if (digest === null) return null;
  const [lines, asked, total] = [
    await readLines(context.db, id, { after: 0, limit: LINES_ON_MESSAGE }),
    await linesAsked(context.db, id),
    await countLines(context.db, id),
  ];
  if (digest.kind === 'personal' && total.lines === 0) return null;
  const reader = await readerOf(context, digest, unreachable);
  return {
    digest,
    reader,
    instead: reader.accountId === null ? (await adminContacts(context)).admins : [],
    lines: await shown(context, lines),
    total,
    asked: await shown(context, asked),
    idpName: context.idps.name,
    unusedSeconds: context.catalogue.current().digest.unusedSeconds,
  };
}

/** Whoever has left reads nothing more, whatever account of theirs is still there. */
async function readerOf(
  context: Context,
  { personId, personName }: Digest,
  unreachable: ReadonlySet<string>,
): Promise<Named> {
  const nobody = { name: personName, accountId: null };
  if ((await readPerson(context.db, personId))?.isActive !== true) return nobody;
  const [known] = await peopleWithAccounts(context.db, {
    ids: [personId],
    emails: [],
    system: context.chat.system,
  });
  const reader = known === undefined ? nobody : await named(context, known);
  return reader.accountId !== null && unreachable.has(reader.accountId) ? nobody : reader;
}

/** Lines as they are shown: people by mention where they have been met in chat, and by name otherwise. */
export async function shown(context: Context, lines: readonly DigestLine[]): Promise<ShownLine[]> {
  const known = await peopleWithAccounts(context.db, {
    ids: lines.map((line) => line.personId),
    emails: [],
    system: context.chat.system,
  });
  const title = (key: string) => context.catalogue.entitlement(key)?.title ?? key;
  return await Promise.all(
    lines.map(async (line) => ({
      ...line,
      title: title(line.entitlementKey),
      conflictsWith: line.facts.conflictsWith === null ? null : title(line.facts.conflictsWith),
      holder: {
        name: line.personName,
        accountId: known.find((person) => person.id === line.personId)?.accountId ?? null,
      },
      round: await roundOf(context, line),
    })),
  );
}

async function roundOf(context: Context, { kinds, changeId }: DigestLine): Promise<number> {
  if (!kinds.includes('found') || changeId === null) return 0;
  return (await readChange(context.db, changeId))?.round ?? 0;
}
