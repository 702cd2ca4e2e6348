import { z } from 'zod';
import { Fault, type Trouble } from '../../core/fault.ts';
import { oneLine } from '../../core/storable.ts';
import type { Answer, Call } from '../../outbound/call.ts';
import type { IdpPerson, IdpPersonStatus } from '../../ports/identity-provider.ts';

/** The parts of Okta's answers that we use. Everything else in them may change without our noticing. */
export const userSchema = z.object({
  id: z.string().min(1),
  status: z.string(),
  created: z.iso.datetime({ offset: true }).nullish(),
  profile: z.object({
    login: z.string().min(1),
    email: z.string(),
    firstName: z.string().nullish(),
    lastName: z.string().nullish(),
    displayName: z.string().nullish(),
    title: z.string().nullish(),
    department: z.string().nullish(),
    managerId: z.string().nullish(),
    manager: z.string().nullish(),
    timezone: z.string().nullish(),
  }),
});
export const usersSchema = z.array(userSchema);
export const idsSchema = z.array(userSchema.pick({ id: true }));
export type OktaUser = z.infer<typeof userSchema>;

export const groupSchema = z.object({
  id: z.string().min(1),
  /** An open list: OKTA_GROUP, APP_GROUP, BUILT_IN and whatever Okta adds. */
  type: z.string(),
  profile: z.object({ name: z.string(), description: z.string().nullish() }),
});
export type OktaGroup = z.infer<typeof groupSchema>;

export const ruleSchema = z.object({
  name: z.string(),
  status: z.string(),
  actions: z
    .object({ assignUserToGroups: z.object({ groupIds: z.array(z.string()).nullish() }).nullish() })
    .nullish(),
});

export const tokenSchema = z.object({
  access_token: z.string().min(1),
  /** Seconds. */
  expires_in: z.number().positive(),
});

const okErrorSchema = z.object({
  errorCode: z.string().optional(),
  errorSummary: z.string().optional(),
  /** The token endpoint speaks OAuth: RFC 6749 section 5.2. */
  error: z.string().optional(),
  error_description: z.string().optional(),
});

/**
 * Okta's UserStatus in our four words. A person who is locked out of Okta counts as suspended: they have shown nothing
 * about who is typing now. People with PASSWORD_EXPIRED or RECOVERY are in good standing, on their way back in.
 */
const statuses: Record<string, IdpPersonStatus> = {
  ACTIVE: 'active',
  PASSWORD_EXPIRED: 'active',
  RECOVERY: 'active',
  SUSPENDED: 'suspended',
  LOCKED_OUT: 'suspended',
  DEPROVISIONED: 'deprovisioned',
};

export function personOf(user: OktaUser): IdpPerson {
  const { profile } = user;
  const fullName = [profile.firstName, profile.lastName].filter((part) => given(part) !== null).join(' ');
  return {
    id: user.id,
    login: profile.login,
    email: profile.email,
    displayName: named(profile.displayName) ?? named(fullName) ?? profile.login,
    status: statuses[user.status] ?? 'inactive',
    title: named(profile.title),
    department: named(profile.department),
    manager: managerOf(profile),
    timeZone: given(profile.timezone),
    ...(user.created == null ? {} : { since: new Date(user.created) }),
  };
}

/** Organisations keep the manager's login in either attribute; the one that looks like an address wins. */
function managerOf({ managerId, manager }: OktaUser['profile']): string | null {
  const address = [managerId, manager].find((value) => value?.includes('@') === true);
  return given(address) ?? given(managerId) ?? given(manager);
}

function given(value: string | null | undefined): string | null {
  const text = value?.trim() ?? '';
  return text === '' ? null : text;
}

/** What is only read by people, as one line. */
function named(value: string | null | undefined): string | null {
  return given(oneLine(value ?? ''));
}

/** The answer's body in the shape asked for. @throws idp.bad_answer */
export function parseAnswer<T>(schema: z.ZodType<T>, answer: Answer, what: string): T {
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Fault(
    'idp.bad_answer',
    `Okta, ${what}: ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'unreadable'}`,
    { retryable: false, cause: parsed.error },
  );
}

/** Okta's limits refill on the minute; a wait shorter than this would only be refused again. */
const MIN_WAIT_MS = 1_000;
/** Everybody who was refused waits for the same instant; the spread keeps them from coming back together. */
const MAX_JITTER_MS = 1_000;
/** When the answer does not say: one bucket's length (developer.okta.com/docs/reference/rl-best-practices). */
const DEFAULT_WAIT_MS = 60_000;

/** The fault that a refusal means. Never looks at Okta's words, only at status and code. */
export function faultOf(answer: Answer, request: Pick<Call, 'method'>, what: string): Fault {
  const parsed = okErrorSchema.safeParse(answer.body);
  const error = parsed.success ? parsed.data : {};
  const vendorCode = error.errorCode ?? error.error ?? String(answer.status);
  const detail = error.errorSummary ?? error.error_description;
  const trouble = troubleOf(answer.status, error.error);
  const isOutage = trouble === 'unavailable';
  return new Fault(
    `idp.${trouble}`,
    `Okta, ${what}: ${answer.status} ${vendorCode}${detail === undefined ? '' : ` ${detail}`}`,
    {
      retryable: isOutage || trouble === 'throttled',
      ...(trouble === 'throttled' ? { retryAfterMs: waitOf(answer.headers) } : {}),
      // A gateway may give up on a write that went through behind it.
      outcomeUnknown: isOutage && request.method !== 'GET',
      vendorCode,
      system: 'okta',
    },
  );
}

function troubleOf(status: number, oauthError: string | undefined): Trouble {
  if (oauthError === 'invalid_client' || oauthError === 'unauthorized_client') return 'unauthorized';
  if (oauthError === 'invalid_scope' || oauthError === 'access_denied') return 'forbidden';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 429) return 'throttled';
  if (status >= 500) return 'unavailable';
  return 'invalid';
}

/**
 * Milliseconds until X-Rate-Limit-Reset (UTC seconds). It goes by the clock of the answer's own Date header, so that
 * our clock may be wrong. Okta sends no Retry-After.
 */
function waitOf(headers: Headers): number {
  const resetAtMs = Number(headers.get('x-rate-limit-reset') ?? Number.NaN) * 1_000;
  const date = Date.parse(headers.get('date') ?? '');
  const waitMs = resetAtMs - (Number.isNaN(date) ? Date.now() : date);
  const atLeast = Number.isNaN(waitMs) ? DEFAULT_WAIT_MS : Math.max(waitMs, MIN_WAIT_MS);
  return Math.round(atLeast + Math.random() * MAX_JITTER_MS);
}

/** Below this share of a bucket, what can wait waits for the next one. */
const EASE_BELOW = 0.25;

/** How long whoever is in no hurry leaves the rest of the bucket to others, in milliseconds; 0 while it is not low. */
export function easeMsOf(headers: Headers): number {
  const limit = Number(headers.get('x-rate-limit-limit') ?? Number.NaN);
  const remaining = Number(headers.get('x-rate-limit-remaining') ?? Number.NaN);
  return remaining < limit * EASE_BELOW ? waitOf(headers) : 0;
}
