import { z } from 'zod';
import type { SignIn } from '../../ports/identity-provider.ts';
import { quoted } from './answers.ts';
import { readGraph } from './faults.ts';
import type { GraphSession } from './graph-session.ts';
import { isGuid } from './member-reference.ts';

const signInsSchema = z.object({
  value: z.array(
    z.object({
      userId: z.string().nullish(),
      createdDateTime: z.iso.datetime({ offset: true }),
      location: z.object({ countryOrRegion: z.string().max(100).nullish() }).nullish(),
    }),
  ),
});

/**
 * The newest sign-in that succeeded within so many seconds. Its permission is `AuditLog.Read.All`. A tenant without a
 * premium licence gives none of them, which is a refusal like any.
 *
 * @throws idp.forbidden where it can't be told
 */
export async function lastSignIn(
  graph: GraphSession,
  personId: string,
  withinSeconds: number,
): Promise<SignIn | null> {
  if (!isGuid(personId)) return null;
  const what = 'read the last sign-in';
  const since = new Date(Date.now() - withinSeconds * 1_000).toISOString();
  const filter = `userId eq ${quoted(personId)} and status/errorCode eq 0 and createdDateTime ge ${since}`;
  // The newest come first.
  const path = `/auditLogs/signIns?$filter=${encodeURIComponent(filter)}&$top=1`;
  const { value } = readGraph(signInsSchema, await graph.send('GET', path, what), what);
  // Graph has been seen to answer with somebody else's (microsoft-graph-docs-contrib#3159).
  const newest = value.find(({ userId }) => userId?.toLowerCase() === personId.toLowerCase());
  if (newest === undefined) return null;
  const country = newest.location?.countryOrRegion?.trim() ?? '';
  return { at: new Date(newest.createdDateTime), country: country === '' ? null : nameOf(country) };
}

const countryNames = new Intl.DisplayNames('en', { type: 'region' });

/** Entra tells a code (ISO 3166-1 alpha-2). Rules are written with names, as Okta tells them. */
function nameOf(country: string): string {
  return /^[A-Z]{2}$/.test(country) ? (countryNames.of(country) ?? country) : country;
}
