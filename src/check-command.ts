import type { Command } from 'commander';
import { pino } from 'pino';
import type { Outside } from './config.ts';
import { createCatalogueBook } from './flow/catalogue-book.ts';
import { checkGraph } from './idp/graph-check.ts';
import { createOkta } from './idp/okta.ts';
import { checkOktaHook, checkOktaLog } from './idp/okta-check.ts';
import { createAnypoint } from './mulesoft/anypoint.ts';
import type { Checked } from './outbound/checked.ts';
import { lintOnCall } from './policy/lint.ts';
import { loadPolicy } from './policy/policy-folder.ts';
import { createSlackClient } from './slack/client.ts';
import { createSlackDirectory } from './slack/directory.ts';
import { GRAPH_NOTIFICATIONS_PATH } from './web/graph-notifications.ts';
import { OKTA_HOOK_PATH } from './web/okta-hook.ts';

/** What the command is given by the program. */
export type CheckTools = {
  /** `address`: where Okta and Graph reach Latchkey, without a trailing slash. */
  settings(): Promise<{ outside: Outside; policyDir: string; address: string }>;
  say(line: string): void;
  /** The program ends non-zero. */
  fail(): void;
};

const NAME_WIDTH = 24;

/** `latchkey check`: tries everything that is configured, changes nothing, and ends 0 only when all is well. */
export function checkCommand(program: Command, { settings, say, fail }: CheckTools): void {
  program
    .command('check')
    .description(
      'ask Okta, Anypoint and Microsoft Graph whether Latchkey may do its work there, and check every entitlement',
    )
    .action(async () => {
      const { outside, policyDir, address } = await settings();
      const policy = await loadPolicy(policyDir);
      const tell = (name: string, is: string) => say(`${name.padEnd(NAME_WIDTH)} ${is}`);
      const groupNames = [...new Set(policy.catalogue.entitlements.map((e) => e.idpGroup))];
      for (const { name, trouble, isOptional } of await parties(outside, { address, groupNames })) {
        tell(name, trouble === null ? 'ok' : isOptional === true ? `note: ${trouble}` : trouble);
        if (trouble !== null && isOptional !== true) fail();
      }
      if (outside.okta.hookSecrets.length === 0)
        tell(
          'Okta hook',
          'off: without OKTA_HOOK_SECRET, SCIM and the System Log tell what people do by hand',
        );
      if (outside.graph === null) tell('Graph', 'off: none of GRAPH_… is set');

      const idp = createOkta(outside.okta);
      const log = pino({ level: 'silent' });
      const { onCall } = policy.catalogue;
      const chat = createSlackDirectory(createSlackClient(outside.slack, log));
      const [wrong] = await lintOnCall(policy.catalogue, idp, chat);
      tell('who is on call', onCall === null ? 'off: the catalogue has no onCall' : (wrong?.text ?? 'ok'));
      if (wrong !== undefined) fail();

      const book = createCatalogueBook(policy, idp, createAnypoint(outside.anypoint), async () => {}, log);
      await book.check();
      for (const { key } of book.current().entitlements) {
        const status = book.status(key);
        tell(key, status.status === 'ready' ? 'ready' : `${status.status}: ${status.why}`);
        if (status.status !== 'ready') fail();
      }
      const canary = book.canary();
      tell('canary’s rounds', 'why' in canary ? `${canary.status}: ${canary.why}` : canary.status);
      if (canary.status !== 'ready' && canary.status !== 'off') fail();
    });
}

async function parties(
  { okta, anypoint, graph }: Outside,
  { address, groupNames }: { address: string; groupNames: string[] },
): Promise<Checked[]> {
  const wholly = async (name: string, party: { check(): Promise<void> }): Promise<Checked> => ({
    name,
    trouble: await party.check().then(
      () => null,
      (error: Error) => error.message,
    ),
  });
  return [
    await wholly('Okta', createOkta(okta)),
    await checkOktaLog(okta),
    ...(okta.hookSecrets.length === 0 ? [] : [await checkOktaHook(okta, `${address}${OKTA_HOOK_PATH}`)]),
    await wholly('Anypoint', createAnypoint(anypoint)),
    ...(graph === null
      ? []
      : await checkGraph(graph, { groupNames, notificationUrl: `${address}${GRAPH_NOTIFICATIONS_PATH}` })),
  ];
}
