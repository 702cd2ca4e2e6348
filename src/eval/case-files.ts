import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import { Fault } from '../core/fault.ts';
import type { EntitlementKey } from '../core/ids.ts';
import type { Entitlement } from '../core/policy/catalogue.ts';
import { adviceSchema } from '../model/advice-schema.ts';

const duration = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds !== null) return seconds;
  context.addIssue({ code: 'custom', message: `"${text}" is no duration` });
  return z.NEVER;
});
const instant = z.union([z.date(), z.string()]).transform((at) => new Date(at));

const companySchema = z.strictObject({
  now: instant,
  timeZone: z.string(),
  clauses: z.record(z.string(), z.string()),
  entitlements: z.array(
    z.strictObject({
      key: z.string(),
      title: z.string(),
      gives: z.string(),
      tier: z.enum(['low', 'medium', 'high', 'critical']),
      offered: z.array(duration),
      default: duration,
      max: duration,
      clauses: z.array(z.string()),
    }),
  ),
});

const severity = z.enum(['none', 'low', 'medium', 'high']);
const adviceExpected = z.strictObject({
  severity: z.array(severity).min(1),
  /** Each a label, or several with `|` between of which one does. */
  cite: z.array(z.string()),
  never: z.array(z.string()).default([]),
  lean: z.array(z.enum(['approve', 'deny', 'ask more'])).optional(),
});
const person = z.strictObject({ name: z.string(), title: z.string(), department: z.string() });
const requestCase = z.strictObject({
  name: z.string(),
  who: person,
  entitlement: z.string(),
  for: duration,
  reason: z.string(),
  ticket: z.string().optional(),
  holders: z.int(),
  near: z.int(),
  earlier: z.int(),
  requester: z.string().optional(),
  heldUntil: instant.optional(),
  expect: adviceExpected,
});
const findingCase = z.strictObject({
  name: z.string(),
  found: z.enum(['finding', 'loss']),
  who: z.union([
    person.extend({ status: z.string() }),
    z.strictObject({
      count: z.int(),
      departments: z.array(z.strictObject({ department: z.string(), people: z.int() })),
      inactive: z.int(),
    }),
  ]),
  entitlement: z.string(),
  /** The group's name; the entitlement's own unless told. */
  group: z.string().optional(),
  by: z.array(z.string()),
  eventSources: z.array(z.string()),
  holders: z.int(),
  before: z.int(),
  policy: z.string(),
  expect: adviceExpected,
});
const freeTextCase = z.strictObject({
  text: z.string(),
  timeZone: z.string().optional(),
  expect: z.strictObject({
    /** A key, or `ask`: nothing stands out. */
    entitlement: z.string(),
    hours: z.union([z.number(), z.literal('none')]).optional(),
    ticket: z.string().optional(),
  }),
});
const attempt = z.strictObject({
  id: z.string(),
  place: z.enum([
    'reason',
    'ticketTitle',
    'displayName',
    'scimTitle',
    'scimDepartment',
    'groupName',
    'actorName',
  ]),
  kind: z.string(),
  language: z.string(),
  text: z.string(),
});

const recorded = z.strictObject({
  /** Name of a case of risk.yaml, or id of an attempt. */
  case: z.string(),
  answer: adviceSchema,
  /** Texts that a person would not show. */
  drop: z.array(z.string()),
});

export type Recorded = z.infer<typeof recorded>;
export type RequestCase = z.infer<typeof requestCase>;
export type FindingCase = z.infer<typeof findingCase>;
export type AdviceExpected = z.infer<typeof adviceExpected>;
export type FreeTextCase = z.infer<typeof freeTextCase>;
export type Attempt = z.infer<typeof attempt>;
export type Company = Omit<z.infer<typeof companySchema>, 'entitlements'> & { entitlements: Entitlement[] };
export type Cases = {
  company: Company;
  risk: (RequestCase | FindingCase)[];
  freeTexts: FreeTextCase[];
  attempts: Attempt[];
  /** Answers of a real model to some of these, each with what is wrong with it. */
  recorded: Recorded[];
};

/** Reads the cases below a folder of prompts. Throws `config.invalid` that names the file and the case. */
export function loadCases(promptsDir: string): Cases {
  const folder = join(promptsDir, 'evals');
  const recordedFile = join(folder, 'recorded', 'risk.yaml');
  const company = read(join(folder, 'company.yaml'), companySchema);
  return {
    company: {
      ...company,
      entitlements: company.entitlements.map(
        ({ offered, default: defaultSeconds, max: maxSeconds, key, ...rest }) => ({
          ...rest,
          key: key as EntitlementKey,
          team: rest.title,
          idpGroup: `anypoint-${key}`,
          owner: 'owner@acme.example',
          requestableBy: 'everyone',
          approvers: { stages: [{ of: 'any', quorum: 1, sources: [{ owner: true }] }], distinct: true },
          autoApprove: false,
          durationsSeconds: offered,
          defaultSeconds,
          maxSeconds,
          finding: 'ask',
          birthright: null,
          conflicts: [],
          reviewEverySeconds: null,
          reviewed: null,
        }),
      ),
    },
    risk: read(join(folder, 'risk.yaml'), z.array(z.union([requestCase, findingCase]))),
    freeTexts: read(join(folder, 'free-text.yaml'), z.array(freeTextCase)),
    attempts: read(join(folder, 'injections.yaml'), z.array(attempt)),
    recorded: existsSync(recordedFile) ? read(recordedFile, z.array(recorded)) : [],
  };
}

function read<T>(file: string, schema: z.ZodType<T>): T {
  const invalid = (why: string, cause?: unknown) =>
    new Fault('config.invalid', `${file}: ${why}`, { retryable: false, cause });
  let raw: unknown;
  try {
    raw = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw invalid((cause as Error).message, cause);
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, parsed.error);
}
