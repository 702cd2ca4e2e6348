import { z } from 'zod';
import { type Checked, guarded, troubleOf, wholly } from '../../core/checked.ts';
import type { Fault } from '../../core/fault.ts';
import { oktaAdvice } from './advice.ts';
import { parseAnswer } from './answers.ts';
import { type OktaSettings, openOktaApi } from './api.ts';
import { hookScopes } from './credentials.ts';
import { eventTypes } from './events.ts';
import { createOktaLog } from './log.ts';
import { createOkta } from './okta.ts';

const CONSOLE = 'in Okta’s console, Workflow, Event Hooks';

/** The parts of an event hook that we look at (OpenAPI description 2026.06.3, `GET /api/v1/eventHooks`). */
const hooksSchema = z.array(
  z.object({
    name: z.string(),
    status: z.string(),
    verificationStatus: z.string().nullish(),
    events: z.object({ items: z.array(z.string()) }),
    channel: z.object({
      config: z.object({ uri: z.string(), authScheme: z.object({ key: z.string().nullish() }).nullish() }),
    }),
  }),
);
type Hook = z.infer<typeof hooksSchema>[number];

const OKTA = { name: 'Okta', advice: oktaAdvice };

/** Tries in turn what Latchkey needs of Okta. `hookUrl`: where its event hook delivers; null: there is none. */
export async function checkOkta(settings: OktaSettings, hookUrl: string | null): Promise<Checked[]> {
  return [
    await wholly('Okta', async () => await createOkta(settings).check(), OKTA),
    await guarded('Okta log', () => checkOktaLog(settings), OKTA),
    hookUrl === null
      ? {
          name: 'Okta hook',
          trouble: null,
          detail: 'off: without OKTA_HOOK_SECRET, SCIM and the System Log tell what people do by hand',
        }
      : await guarded('Okta hook', () => checkOktaHook(settings, hookUrl)),
  ];
}

/** Whether Okta's System Log, the net beneath its notifications, can be read. */
export async function checkOktaLog(settings: OktaSettings): Promise<Checked> {
  const trouble = await troubleOf(
    () => createOktaLog(settings).check(),
    refusedOr(
      settings,
      `Latchkey goes on without; ${granted(settings, 'okta.logs.read', 'read the System Log')} to have it`,
    ),
  );
  return { name: 'Okta log', trouble, isOptional: true };
}

/**
 * Whether an event hook delivers to this address what Latchkey listens to; the secret that it sends, Okta never shows.
 * `okta.eventHooks.read` is needed for this alone, so without it nothing is said to be wrong.
 */
export async function checkOktaHook(settings: OktaSettings, url: string): Promise<Checked> {
  const name = 'Okta hook';
  const what = 'list event hooks';
  let hooks: Hook[] = [];
  const unseen = await troubleOf(
    async () => {
      const api = openOktaApi(settings, hookScopes);
      hooks = parseAnswer(hooksSchema, await api.send('GET', '/eventHooks', what), what);
    },
    refusedOr(
      settings,
      `it can’t be looked at, which only this check wants; look ${CONSOLE}, or ${granted(settings, 'okta.eventHooks.read', 'see event hooks')}`,
    ),
  );
  if (unseen !== null) return { name, trouble: unseen, isOptional: true };
  const ours = hooks.filter((hook) => hook.channel.config.uri === url);
  if (ours.length === 0) return { name, trouble: noneAt(url, hooks) };
  const troubles = ours.map(troubleWith);
  // One that does its work is enough.
  const least = troubles.includes(null) ? null : (troubles.find((one) => one?.isOptional) ?? troubles[0]);
  return { name, trouble: null, ...least };
}

function noneAt(url: string, hooks: readonly Hook[]): string {
  const { pathname } = new URL(url);
  const [elsewhere] = hooks
    .map((hook) => hook.channel.config.uri)
    .filter((uri) => URL.parse(uri)?.pathname === pathname);
  return elsewhere === undefined
    ? `no event hook delivers to ${url}: make one ${CONSOLE}, with the authentication field Authorization and OKTA_HOOK_SECRET; or take OKTA_HOOK_SECRET out`
    : `an event hook delivers to ${elsewhere} and not to ${url}: give it this address ${CONSOLE}, or mend PUBLIC_URL`;
}

function troubleWith(hook: Hook): { trouble: string; isOptional?: boolean } | null {
  const called = `the event hook “${hook.name}”`;
  const field = hook.channel.config.authScheme?.key ?? null;
  if (hook.status !== 'ACTIVE') return { trouble: `${called} is switched off: activate it ${CONSOLE}` };
  if (hook.verificationStatus !== 'VERIFIED')
    return {
      trouble: `${called} is not verified, so Okta sends nothing: verify it ${CONSOLE}, while Latchkey runs`,
    };
  if (field?.toLowerCase() !== 'authorization')
    return {
      trouble: `${called} sends ${field === null ? 'no secret' : `its secret as ${field}`}, so Latchkey refuses what it tells: set its authentication field to Authorization and its secret to OKTA_HOOK_SECRET`,
    };
  const missing = eventTypes.filter((type) => !hook.events.items.includes(type));
  if (missing.length === 0) return null;
  return {
    trouble: `${called} does not tell of ${missing.join(', ')}: add them ${CONSOLE}; until then they are read from the System Log, later`,
    isOptional: true,
  };
}

function granted({ auth }: OktaSettings, scope: string, may: string): string {
  return 'token' in auth
    ? `let the API token’s owner ${may} (their admin role)`
    : `grant the service app ${scope}`;
}

function refusedOr({ auth }: OktaSettings, refused: string): (fault: Fault) => string {
  return ({ code }) => {
    switch (code) {
      case 'idp.forbidden':
        return refused;
      case 'idp.unauthorized':
        return 'token' in auth
          ? 'make a new API token and set OKTA_API_TOKEN'
          : 'set OKTA_CLIENT_ID and OKTA_PRIVATE_KEY to those of the service app; with two keys in it, store the key as a JWK with its kid';
      case 'idp.throttled':
        return 'check again in a minute';
      default:
        return 'see that this machine reaches OKTA_ORG_URL, and check again';
    }
  };
}
