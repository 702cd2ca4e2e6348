import { z } from 'zod';
import { approvers } from './approvers-schema.ts';
import { carriedTwoWays, delivery } from './delivery-schema.ts';
import { duration } from './duration-schema.ts';
import { escalation, tiersNeverAsked } from './escalation-schema.ts';
import { groupOfIdp } from './idp-schema.ts';
import { neverFilled } from './never-filled.ts';
import { reviews } from './reviews-schema.ts';
import { start } from './start-schema.ts';
import { ticket } from './ticket-schema.ts';
import { timeOfDay, weekdays, workingHours } from './working-hours-schema.ts';

/** A text block's option holds 75 characters, and a title has to fit one. */
const TITLE_MAX = 75;

const key = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a key is lower-case letters, digits and hyphens');

const onCall = z.union(
  [
    z.strictObject({
      slackUserGroup: z
        .string()
        .regex(/^[^@]\S*$/, 'write the user group’s handle without @, e.g. oncall-integration'),
    }),
    z.strictObject({ idpGroup: z.string().min(1).max(255) }),
  ],
  { error: 'who is on call is `{ slackUserGroup: handle }` or `{ idpGroup: name }`' },
);

const tier = z.enum(['low', 'medium', 'high', 'critical']);

const entitlement = z
  .strictObject({
    key,
    title: z.string().min(1).max(TITLE_MAX),
    gives: z.string().min(1).max(500),
    idp: groupOfIdp,
    team: z.string().min(1).max(255),
    delivery: delivery.optional(),
    tier,
    owner: z.email(),
    requestable: z.union([
      z.literal('everyone'),
      z.strictObject({ departments: z.array(z.string()).optional(), people: z.array(z.email()).optional() }),
    ]),
    approvers,
    escalation: escalation.optional(),
    durations: z.strictObject({
      offered: z.array(duration).min(1).max(20),
      default: duration,
      max: duration,
    }),
    autoApprove: z.boolean().default(false),
    extension: z
      .strictObject({ approval: z.enum(['always', 'afterFirst', 'never']) })
      .optional()
      .meta({
        description:
          'Whether who holds it needs approval to extend it: `always` (unless told), not the first time after a person approved (`afterFirst`), or `never`. `durations.max` holds all the same',
      }),
    clauses: z.array(z.string()).default([]),
    finding: z.enum(['ask', 'revert', 'accept']).default('ask'),
    breakGlass: z
      .strictObject({
        for: z.strictObject({
          departments: z.array(z.string().min(1)).min(1).optional(),
          people: z.array(z.email()).min(1).optional(),
          group: z.string().min(1).max(255).optional(),
          onCall: z.literal(true).optional(),
        }),
        max: duration.prefault('1h'),
        perDay: z.int().min(1).max(10).default(2),
      })
      .optional()
      .meta({
        description:
          'Who may take it at once in an emergency, without approval, for how long at most, and how often within a day. Everybody concerned is told, and somebody else reviews it',
      }),
    endsWithTicket: z.literal(true).optional().meta({
      description:
        'Whoever asks for it names a ticket, and it ends when that ticket is closed, at the latest at its time',
    }),
    birthright: z.strictObject({ departments: z.array(z.string().min(1)).min(1) }).optional(),
    narrower: z.array(key).min(1).max(10).optional().meta({
      description: 'Keys of narrower entitlements of the same family, which an approver can give instead',
    }),
    conflicts: z
      .array(
        z.union(
          [
            key.transform((other) => ({ with: other })),
            z.strictObject({ with: key, because: z.string().min(1).optional() }),
          ],
          {
            error: 'a conflict is the key of another entitlement, or `{ with: key, because: why }`',
          },
        ),
      )
      .default([]),
    review: z.strictObject({ every: duration }).optional().meta({
      description:
        'How often who holds it is reviewed: a campaign over it begins by itself. `policy check` compares it with the clause that asks for it',
    }),
    reviewed: z
      .strictObject({
        on: z.iso.date('write the day as 2026-01-31'),
        roles: z
          .string()
          .regex(/^(none|[0-9a-f]{8}(-[0-9a-f]{8})*)$/, 'take the line that `policy check` prints'),
      })
      .optional(),
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
    if (e.extension !== undefined && e.extension.approval !== 'always' && e.tier === 'critical')
      issue(['extension', 'approval'], 'tier critical is extended by people only: write `always`');
    if (e.breakGlass !== undefined && Object.keys(e.breakGlass.for).length === 0)
      issue(['breakGlass', 'for'], 'say who: `onCall: true`, `departments`, `people` or `group`');
    if (e.breakGlass !== undefined && e.breakGlass.max > max)
      issue(['breakGlass', 'max'], 'an emergency is no longer than `durations.max`');
    if (e.birthright !== undefined && e.tier !== 'low')
      issue(['birthright'], 'only tier low may be given by rule: take this out, and let people ask');
  });

const bundle = z.strictObject({
  key,
  title: z.string().min(1).max(TITLE_MAX),
  entitlements: z.array(key).min(2).max(10),
});

const api = z.strictObject({
  asset: z.string().min(1).meta({ description: 'Id of the API’s Exchange asset, e.g. orders-api' }),
  group: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Id of the group that the asset is in, where several have one of this id' }),
  owner: z.email(),
});

/** `catalogue.yaml` as it is written; what it says of itself that can't hold is an issue with its path. */
export const catalogueSchema = z
  .strictObject({
    channel: z.string().min(1).regex(/^[^#]/, 'write the channel without #'),
    admins: z.array(z.email()).min(1),
    auditors: z.array(z.email()).default([]).meta({
      description: 'Who sees everything on the web page, and decides nothing by it; the admins do anyway',
    }),
    delivery: delivery.default('bridge'),
    pending: z.strictObject({ remindAfter: duration, lapseAfter: duration }),
    escalation: escalation.default([]),
    workingHours: workingHours.optional(),
    massGuard: z
      .strictObject({
        memberships: z.int().min(1).default(10),
        within: duration.prefault('10m'),
        people: z.int().min(1).default(10),
        share: z.number().min(0).max(1).default(0.05),
        peopleWithin: duration.prefault('1h'),
      })
      .prefault({}),
    digest: z
      .strictObject({
        day: z.enum(weekdays).default('mon'),
        at: timeOfDay.prefault('09:00'),
        unusedAfter: duration.prefault('30d'),
      })
      .prefault({})
      .meta({
        description:
          'The weekly digest: on which day and at what time, in each reader’s own time zone, and after how long without use an access is unused',
      }),
    start: start.optional(),
    canary: z
      .strictObject({ person: z.email(), entitlement: z.string(), every: duration.prefault('5m') })
      .optional(),
    delegation: z
      .strictObject({ notFor: z.array(tier).default([]) })
      .optional()
      .meta({
        description: 'Tiers on which nobody decides in the stead of an approver who is away',
      }),
    onCall: onCall.optional().meta({
      description:
        'Who is on call, for rules that ask: whoever is in this user group of Slack, or this group of the IdP',
    }),
    signIn: z
      .strictObject({ within: duration.prefault('12h') })
      .prefault({})
      .meta({ description: 'How old a last sign-in may be to say where somebody is, for rules that ask' }),
    reviews: reviews.optional().meta({
      description: 'How access reviews are held that `review.every` begins, and what others begin with',
    }),
    ticket: ticket.optional().meta({
      description:
        'How a ticket is written, the whole of it as a regular expression, and for which tiers one is needed',
    }),
    entitlements: z.array(entitlement).min(1),
    bundles: z.array(bundle).default([]),
    apis: z.array(api).default([]).meta({
      description:
        'Who owns which API, and so has a say in what becomes of a leaver’s applications that call it; of others the admins decide',
    }),
  })
  .superRefine((catalogue, context) => {
    for (const { path, message } of [
      ...contradictions(catalogue),
      ...tiersNeverAsked(catalogue),
      ...neverFilled(catalogue),
      ...carriedTwoWays(catalogue),
    ])
      context.addIssue({ code: 'custom', path, message });
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

type Contradiction = { path: (string | number)[]; message: string };

/** What entitlements and bundles say of each other that can't hold. */
function contradictions(catalogue: {
  entitlements: {
    key: string;
    conflicts: { with: string }[];
    birthright?: { departments: string[] } | undefined;
    narrower?: string[] | undefined;
  }[];
  bundles: z.infer<typeof bundle>[];
}): Contradiction[] {
  const { entitlements, bundles } = catalogue;
  const byKey = new Map(entitlements.map((e) => [e.key, e]));
  const unknown = (other: string) => `there is no entitlement ${other}`;
  const clash = (a: string, b: string) =>
    byKey.get(a)?.conflicts.some((c) => c.with === b) || byKey.get(b)?.conflicts.some((c) => c.with === a);
  const found: Contradiction[] = [];
  for (const [i, e] of entitlements.entries())
    for (const [n, other] of (e.narrower ?? []).entries()) {
      const path = ['entitlements', i, 'narrower', n];
      if (other === e.key) found.push({ path, message: 'it is not narrower than itself' });
      else if (!byKey.has(other)) found.push({ path, message: unknown(other) });
    }
  for (const [i, e] of entitlements.entries())
    for (const [n, { with: other }] of e.conflicts.entries()) {
      const path = ['entitlements', i, 'conflicts', n];
      if (other === e.key) found.push({ path, message: 'it can’t conflict with itself' });
      else if (!byKey.has(other)) found.push({ path, message: unknown(other) });
      const both = e.birthright?.departments.filter((d) =>
        byKey.get(other)?.birthright?.departments.includes(d),
      );
      if (both !== undefined && both.length > 0)
        found.push({ path, message: `both are the birthright of ${both.join(', ')}: take one of them out` });
    }
  for (const [i, { key: name, entitlements: parts }] of bundles.entries()) {
    const path = ['bundles', i];
    if (byKey.has(name) || bundles.findIndex((b) => b.key === name) !== i)
      found.push({ path: [...path, 'key'], message: `the key ${name} is used twice` });
    for (const [n, part] of parts.entries()) {
      if (!byKey.has(part)) found.push({ path: [...path, 'entitlements', n], message: unknown(part) });
      const other = parts.slice(0, n).find((earlier) => clash(earlier, part));
      if (other !== undefined)
        found.push({
          path: [...path, 'entitlements', n],
          message: `${part} conflicts with ${other}: nobody may have both`,
        });
    }
  }
  return found;
}

/** For editors: JSON Schema of the file as it is written. */
export function catalogueJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(catalogueSchema, { io: 'input', target: 'draft-7' });
  return { $id: 'latchkey-catalogue', title: 'Latchkey catalogue', ...schema };
}

/** Every name that a setting can have, wherever it stands. */
export const settings: readonly string[] = namesIn(catalogueJsonSchema());

function namesIn(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(namesIn);
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties } = schema as { properties?: object };
  return [
    ...(properties === undefined ? [] : Object.keys(properties)),
    ...Object.values(schema).flatMap(namesIn),
  ];
}
