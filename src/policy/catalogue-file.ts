import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { ApproverSource, Catalogue, Clause } from '../core/catalogue.ts';
import { parseDuration } from '../core/duration.ts';
import { Fault } from '../core/fault.ts';
import type { EntitlementKey } from '../core/ids.ts';

/** A text block's option holds 75 characters, and a title has to fit one. */
const TITLE_MAX = 75;

const duration = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds === null) {
    context.addIssue({ code: 'custom', message: `"${text}" is no duration: write e.g. 90s, 15m, 8h or 7d` });
    return z.NEVER;
  }
  return seconds;
});

const source = z.union(
  [
    z.literal('manager').transform((): ApproverSource => ({ manager: true })),
    z.literal('owner').transform((): ApproverSource => ({ owner: true })),
    z.strictObject({ person: z.email() }),
    z.strictObject({ group: z.string().min(1) }),
  ],
  { error: 'an approver is `manager`, `owner`, `{ person: e-mail }` or `{ group: name }`' },
);

const entitlement = z
  .strictObject({
    key: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a key is lower-case letters, digits and hyphens'),
    title: z.string().min(1).max(TITLE_MAX),
    gives: z.string().min(1).max(500),
    idp: z.strictObject({ group: z.string().min(1).max(255) }),
    team: z.string().min(1).max(255),
    tier: z.enum(['low', 'medium', 'high', 'critical']),
    owner: z.email(),
    requestable: z.union([
      z.literal('everyone'),
      z.strictObject({ departments: z.array(z.string()).optional(), people: z.array(z.email()).optional() }),
    ]),
    approvers: z.strictObject({
      of: z.enum(['any', 'all']),
      quorum: z.int().min(1).max(10).default(1),
      sources: z.array(source).min(1),
      ping: z.array(source).min(1).optional(),
    }),
    durations: z.strictObject({
      offered: z.array(duration).min(1).max(20),
      default: duration,
      max: duration,
    }),
    autoApprove: z.boolean().default(false),
    clauses: z.array(z.string()).default([]),
    unrequested: z.enum(['ask', 'revert', 'accept']).default('ask'),
    birthright: z.strictObject({ departments: z.array(z.string().min(1)).min(1) }).optional(),
  })
  .superRefine((e, context) => {
    const issue = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const { offered, max } = e.durations;
    for (const [i, seconds] of offered.entries())
      if (seconds > max) issue(['durations', 'offered', i], 'an offered duration is longer than `max`');
    if (!offered.includes(e.durations.default))
      issue(['durations', 'default'], '`default` has to be one of `offered`');
    if (e.autoApprove && e.tier !== 'low')
      issue(['autoApprove'], 'only tier low may be approved by rule: set `autoApprove: false`');
  });

const file = z
  .strictObject({
    channel: z.string().min(1).regex(/^[^#]/, 'write the channel without #'),
    admins: z.array(z.email()).min(1),
    pending: z.strictObject({ remindAfter: duration, lapseAfter: duration }),
    massGuard: z
      .strictObject({
        memberships: z.int().min(1).default(10),
        within: duration.prefault('10m'),
        people: z.int().min(1).default(10),
        share: z.number().min(0).max(1).default(0.05),
        peopleWithin: duration.prefault('1h'),
      })
      .prefault({}),
    canary: z
      .strictObject({ person: z.email(), entitlement: z.string(), every: duration.prefault('5m') })
      .optional(),
    entitlements: z.array(entitlement).min(1),
  })
  .superRefine((catalogue, context) => {
    const seen = new Set<string>();
    for (const [i, { key }] of catalogue.entitlements.entries()) {
      if (seen.has(key))
        context.addIssue({
          code: 'custom',
          path: ['entitlements', i, 'key'],
          message: `the key ${key} is used twice`,
        });
      seen.add(key);
    }
    const { canary } = catalogue;
    if (canary !== undefined && !seen.has(canary.entitlement))
      context.addIssue({
        code: 'custom',
        path: ['canary', 'entitlement'],
        message: `there is no entitlement ${canary.entitlement}`,
      });
    for (const [i, e] of catalogue.entitlements.entries()) {
      if (e.key !== canary?.entitlement) continue;
      const issue = (field: string, message: string) =>
        context.addIssue({ code: 'custom', path: ['entitlements', i, field], message });
      if (e.requestable === 'everyone' || e.requestable.departments?.length || e.requestable.people?.length)
        issue('requestable', 'nobody may ask for the canary’s entitlement: write `{ people: [] }`');
      if (e.birthright !== undefined)
        issue('birthright', 'the canary’s entitlement is nobody’s birthright: take this out');
      if (catalogue.entitlements.some((other) => other !== e && other.idp.group === e.idp.group))
        issue('idp', 'the canary needs a group of its own: another entitlement has this one too');
      if (catalogue.entitlements.some((other) => other !== e && other.team === e.team))
        issue('team', 'the canary needs a team of its own: another entitlement gives this one too');
    }
  });

/**
 * Reads `catalogue.yaml` and the numbered clauses of `policy.md` in a folder. Throws `catalogue.invalid` with
 * every mistake by file and line.
 */
export async function loadCatalogue(dir: string): Promise<Catalogue> {
  const path = join(dir, 'catalogue.yaml');
  const [yaml, policy] = await Promise.all([read(path), read(join(dir, 'policy.md'))]);
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined)
    throw invalid([`${path}:${broken.linePos?.[0].line ?? 1}: ${broken.message.split('\n')[0]}`]);

  const lineOf = (keys: readonly PropertyKey[]): number => {
    for (let depth = keys.length; depth >= 0; depth--) {
      const node = document.getIn(keys.slice(0, depth), true) as
        | { range?: [number, number, number] }
        | undefined;
      if (node?.range != null) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const parsed = file.safeParse(document.toJS());
  if (!parsed.success)
    throw invalid(
      parsed.error.issues.map((i) => `${path}:${lineOf(i.path)}: ${i.path.join('.')}: ${i.message}`),
    );

  const clauses = readClauses(policy);
  const unknown = parsed.data.entitlements.flatMap((e, i) =>
    e.clauses
      .filter((id) => !clauses.some((c) => c.id === id))
      .map((id) => `${path}:${lineOf(['entitlements', i, 'clauses'])}: clause ${id} is not in policy.md`),
  );
  if (unknown.length > 0) throw invalid(unknown);
  const { channel, admins, pending, massGuard, canary, entitlements } = parsed.data;
  return {
    channel,
    admins,
    remindSeconds: pending.remindAfter,
    lapseSeconds: pending.lapseAfter,
    clauses,
    massGuard: {
      memberships: massGuard.memberships,
      windowSeconds: massGuard.within,
      people: massGuard.people,
      share: massGuard.share,
      peopleWindowSeconds: massGuard.peopleWithin,
    },
    canary:
      canary === undefined
        ? null
        : {
            person: canary.person,
            entitlement: canary.entitlement as EntitlementKey,
            everySeconds: canary.every,
          },
    entitlements: entitlements.map(({ idp, durations, requestable, approvers, birthright, ...e }) => ({
      ...e,
      key: e.key as EntitlementKey,
      birthright: birthright ?? null,
      idpGroup: idp.group,
      requestableBy:
        requestable === 'everyone'
          ? requestable
          : {
              ...(requestable.departments === undefined ? {} : { departments: requestable.departments }),
              ...(requestable.people === undefined ? {} : { people: requestable.people }),
            },
      approvers: {
        of: approvers.of,
        quorum: approvers.quorum,
        sources: approvers.sources,
        ...(approvers.ping === undefined ? {} : { ping: approvers.ping }),
      },
      durationsSeconds: [...durations.offered].sort((a, b) => a - b),
      defaultSeconds: durations.default,
      maxSeconds: durations.max,
    })),
  };
}

/** Clauses are list items that begin with their number in bold: `- **AC-1 Title.** Text`. */
function readClauses(markdown: string): Clause[] {
  return [...markdown.matchAll(/^- \*\*([A-Z]+-\d+) ([^*]+)\*\*\s*(.+)$/gm)].map(([, id, title, text]) => ({
    id: id as string,
    text: `${title} ${text}`,
  }));
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Fault(
      'catalogue.invalid',
      `${path} can’t be read: set POLICY_DIR to the folder that holds it`,
      { retryable: false, cause },
    );
  }
}

function invalid(mistakes: readonly string[]): Fault {
  return new Fault('catalogue.invalid', `the catalogue has mistakes:\n  ${mistakes.join('\n  ')}`, {
    retryable: false,
  });
}
