import type { FastifyInstance } from 'fastify';
import type { Change } from '../core/change/change.ts';
import { legTimes } from '../core/change/legs.ts';
import { statusText } from '../core/wording/change-status.ts';
import { decidersInWords } from '../core/wording/deciders.ts';
import { idpName } from '../flow/idps/idps.ts';
import type { Data, Parties } from '../flow/kernel/context.ts';
import { auditOf } from '../store/audit.ts';
import { endingOf, recentChanges } from '../store/changes.ts';
import { readPerson } from '../store/people.ts';
import { entryInWords } from './entry-words.ts';

const LIMIT_MAX = 100;

/** Reads only: changes with their timelines; the canary’s are left out. Deciding stays in Slack. */
export function changesApi(api: FastifyInstance, context: Data & Parties): void {
  api.get<{ Querystring: { limit?: string } }>('/api/changes', async (request) => {
    const limit = Math.min(LIMIT_MAX, Math.max(1, Number(request.query.limit) || 20));
    const changes = await recentChanges(context.db, limit);
    return { changes: await Promise.all(changes.map((change) => describe(context, change))) };
  });
}

async function describe(context: Data & Parties, change: Change) {
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  const title = entitlement?.title ?? change.entitlementKey;
  const person = await readPerson(context.db, change.personId);
  const ending = await endingOf(context.db, change);
  const now = statusText(change, ending, {
    beneficiary: person?.name ?? 'somebody',
    isToThem: false,
    title,
    deciders: decidersInWords(change.plan, (p) => p.name),
    owner: entitlement?.owner ?? 'the owner',
    idp: change.target === null ? context.idps.name : idpName(context, change.target),
    signInAt: context.signInUrl,
    time: (at) => at.toISOString(),
    safe: (text) => text,
  });
  return {
    id: change.id,
    kind: change.kind,
    cause: change.cause,
    state: change.state,
    endedBy: change.revokeId,
    mood: now.mood,
    label: now.label,
    headline: now.headline,
    detail: [now.detail, now.words ?? ''].join(' ').trim(),
    entitlement: { key: change.entitlementKey, title },
    person: { name: person?.name ?? null, email: person?.email ?? null },
    requestedAt: change.requestedAt,
    endsAt: change.grant?.endsAt ?? null,
    late: change.late,
    legs: legTimes(change.legs, change.signedInAt),
    timeline: (await auditOf(context.db, change.id)).map((entry) => ({
      at: entry.at,
      type: entry.type,
      ...entryInWords(entry, change.target === null ? context.idps.name : idpName(context, change.target)),
    })),
  };
}
