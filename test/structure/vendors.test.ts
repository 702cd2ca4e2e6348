import { test } from 'vitest';
import { expectNone, filesIn } from './source.ts';

/** Here a vendor is at home, or here everything is put together. */
const rooms = /^src\/(?:(?:idp|slack|sandbox|config|cli)\/|(?:latchkey|main|ways-in)\.ts$)/;

const vendor = /okta|slack|(?<![a-z])entra(?![a-z])|(?<![a-z])entraId|Entra(?!nce)/i;

/** Places that know a vendor by name, each with the reason. A second provider or chat adds its line here, or none. */
const allowed: readonly { path: RegExp; text: RegExp; why: string }[] = [
  { path: /^src\/inbound\/(?:okta-hook|graph-[a-z]+)\.ts$/, text: vendor, why: 'a vendor’s own way in' },
  {
    path: /^src\/(?:flow\/people\/resolve-person|flow\/kernel\/context|ports\/identity-provider|core\/drift\/observation)\.ts$/,
    text: /[Ee]ntra/,
    why: 'the notifications of Entra name people by ids of its own, also beside another provider',
  },
  {
    path: /^src\/core\/(?:drift\/observation|facts\/finding-facts)\.ts$|^src\/web\/guard\.ts$/,
    text: /okta(?:Hook|Log)|'slack'/,
    why: 'event sources and ways in, by their stored names and with their words, in one list',
  },
  {
    path: /^src\/core\/fault(?:-words)?\.ts$/,
    text: vendor,
    why: 'what mends a fault are the settings of one product; fault codes are stored and in the metrics',
  },
  {
    path: /^src\/(?:queue\/job-queue|flow\/steps|outbound\/(?:meter|call)|web\/work-metrics|flow\/messages\/(?:update-messages|make-all-right))\.ts$/,
    text: vendor,
    why: 'names of lanes, systems and faults that operators have in their metrics',
  },
  {
    path: /^src\/(?:policy\/(?:catalogue-schema|lint)|core\/policy\/catalogue|flow\/request\/(?:request-facts|approver-sources))\.ts$/,
    text: /slackUserGroup|user group of Slack/,
    why: 'a key of the catalogue’s file, which people have written',
  },
  {
    path: /^src\/(?:scim\/tokens|scim\/scim-check|store\/idp-systems)\.ts$/,
    text: vendor,
    why: 'stored names, in one list each: SCIM sources, and systems whose ids are an identity provider’s',
  },
  {
    path: /^src\/(?:store\/slack-received|flow\/timers)\.ts$/,
    text: /slack_?received/i,
    why: 'the table of what Slack delivered, and who empties it',
  },
  { path: /^src\/eval\//, text: vendor, why: 'what a model’s advice would do in Slack is measured there' },
  { path: /^src\/model\/known-words\.ts$/, text: vendor, why: 'words that a model may write' },
  {
    path: /^src\/(?:web\/address-check|policy\/commands|mcp\/commands)\.ts$/,
    text: vendor,
    why: 'printed for whoever sets this product up',
  },
];

test('outside its own folder no vendor is known by name', () => {
  const used = new Set<string>();
  const offenders = filesIn('src')
    .filter(({ path }) => !rooms.test(path))
    .flatMap(({ path, code }) =>
      code.split('\n').flatMap((line, i) => {
        if (!vendor.test(line) || / from '[^']+';$/.test(line)) return [];
        const known = allowed.find((a) => a.path.test(path) && a.text.test(line));
        if (known === undefined) return [`${path}:${i + 1}: ${line.trim()}`];
        used.add(known.why);
        return [];
      }),
    );
  expectNone(
    offenders,
    'An identity provider and a chat are data: `idp.system`, `idp.name`, `chat.system`, `chat.name` of src/ports/.',
  );
  expectNone(
    allowed.filter(({ why }) => !used.has(why)).map(({ why }) => why),
    'An exception that nothing needs any more goes.',
  );
});
