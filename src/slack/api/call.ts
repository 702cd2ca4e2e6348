import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from '@slack/web-api';
import { Fault, type Trouble } from '../../core/fault.ts';

/** One Web API call in milliseconds, connection to answer. */
export const SLACK_TIMEOUT_MS = 10_000;

/** Slack's own error names by what they mean to us; every other `ok:false` is `invalid`. */
const troubles: Record<string, Trouble> = {
  invalid_auth: 'unauthorized',
  not_authed: 'unauthorized',
  account_inactive: 'unauthorized',
  token_revoked: 'unauthorized',
  token_expired: 'unauthorized',
  not_allowed_token_type: 'unauthorized',
  missing_scope: 'forbidden',
  no_permission: 'forbidden',
  access_denied: 'forbidden',
  not_in_channel: 'forbidden',
  is_archived: 'forbidden',
  channel_not_found: 'not_found',
  message_not_found: 'not_found',
  user_not_found: 'not_found',
  users_not_found: 'not_found',
  no_such_subteam: 'not_found',
  plan_upgrade_required: 'forbidden',
  ratelimited: 'throttled',
  internal_error: 'unavailable',
  fatal_error: 'unavailable',
  service_unavailable: 'unavailable',
};

/** Runs a Web API call; whatever goes wrong becomes a Fault `slack.*`. */
export async function slackCall<T>(isWrite: boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw toFault(cause, isWrite);
  }
}

/** What was wrong with a call. */
export function troubleOf(cause: unknown): Trouble {
  const [, trouble] = toFault(cause, false).code.split('.');
  return trouble === 'invariant' ? 'unavailable' : (trouble as Trouble);
}

function toFault(cause: unknown, isWrite: boolean): Fault {
  if (cause instanceof WebAPIRateLimitedError)
    return new Fault('slack.throttled', 'Slack asks to wait', {
      retryable: true,
      retryAfterMs: cause.retryAfter * 1_000,
      cause,
    });
  if (cause instanceof WebAPIPlatformError) {
    const vendorCode = cause.data.error;
    // The SDK gives a page of a proxy, or of whatever else answers at that address, for an error name.
    if (!/^[\w.:-]{1,80}$/.test(vendorCode))
      return new Fault('slack.bad_answer', 'what answers at Slack’s address is not Slack’s Web API', {
        retryable: true,
        outcomeUnknown: isWrite,
        cause,
      });
    const trouble = troubles[vendorCode] ?? 'invalid';
    const isPassing = trouble === 'unavailable' || trouble === 'throttled';
    return new Fault(`slack.${trouble}`, `Slack answers ${vendorCode}`, {
      retryable: isPassing,
      vendorCode,
      cause,
    });
  }
  if (cause instanceof WebAPIHTTPError)
    return new Fault('slack.unavailable', `Slack answers HTTP ${cause.statusCode}`, {
      retryable: true,
      outcomeUnknown: isWrite,
      cause,
    });
  if (cause instanceof WebAPIRequestError)
    return new Fault('slack.timeout', 'no answer from Slack', {
      retryable: true,
      outcomeUnknown: isWrite,
      cause,
    });
  return new Fault('bug.invariant', (cause as Error).message, { retryable: true, cause });
}
