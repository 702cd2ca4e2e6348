import { expect, test } from 'vitest';
import { pages } from './documents.ts';
import { expectNone, filesIn } from './source.ts';

/** Here an identity provider is at home, or emulated. */
const homes = /^src\/(?:idp\/\w+|sandbox)\//;
/** Here Slack is at home, or here everything is put together. There may be other identity providers. */
const rooms = /^src\/(?:(?:idp|slack|config|cli)\/|(?:latchkey|main|ways-in)\.ts$)/;

const idp = /okta|(?<![a-z])entra(?![a-z])|(?<![a-z])entraId|Entra(?!nce)/i;
const vendor = new RegExp(`slack|${idp.source}`, 'i');

/** Places that know a vendor by name, each with the reason. A second provider or chat adds its line here, or none. */
const allowed: readonly { paths: readonly string[]; text: RegExp; why: string }[] = [
  {
    paths: ['inbound/graph-notifications', 'inbound/graph-observations', 'inbound/graph-subscriptions'],
    text: vendor,
    why: 'a vendor’s own way in',
  },
  {
    paths: [
      'flow/people/resolve-person',
      'flow/kernel/context',
      'ports/identity-provider',
      'core/drift/observation',
    ],
    text: /[Ee]ntra/,
    why: 'the notifications of Entra name people by ids of its own, also beside another provider',
  },
  {
    paths: ['core/drift/observation', 'core/facts/finding-facts', 'web/guard'],
    text: /okta(?:Hook|Log)|'slack'/,
    why: 'event sources and ways in, by their stored names and with their words, in one list',
  },
  {
    paths: ['core/fault', 'core/fault-words'],
    text: vendor,
    why: 'what mends a fault are the settings of one product; fault codes are stored and in the metrics',
  },
  {
    paths: [
      'queue/lanes',
      'flow/steps',
      'outbound/meter',
      'web/work-metrics',
      'flow/messages/make-all-right',
    ],
    text: vendor,
    why: 'names of lanes, systems and faults that operators have in their metrics',
  },
  {
    paths: [
      'policy/catalogue-schema',
      'policy/lint',
      'core/policy/catalogue',
      'flow/request/on-call',
      'flow/request/approver-sources',
    ],
    text: /slackUserGroup|user group of Slack/,
    why: 'a key of the catalogue’s file, which people have written',
  },
  {
    paths: ['store/idp-systems'],
    text: /'slack'/,
    why: 'stored names of the systems whose ids are no identity provider’s, in one list',
  },
  {
    paths: ['idp/vendors'],
    text: /^ {2}\w+,/,
    why: 'the list of identity providers, a line each',
  },
  { paths: ['idp/oidc'], text: /'okta'/, why: 'the name of the figures of sign-ins, which operators have' },
  {
    paths: ['config/outside', 'latchkey'],
    text: /GRAPH_TENANT_ID|entra: beside/,
    why: 'an Entra that only tells, beside any identity provider',
  },
  {
    paths: ['config/outside', 'idp/sign-in-way'],
    text: /OIDC_ISSUER: '|urn:okta:loa/,
    why: 'an example, and the value of a setting that is left out',
  },
  { paths: ['main'], text: /'okta'|okta, entra, or both/, why: 'the sandboxes that can be started' },
  {
    paths: ['store/slack-received', 'flow/timers'],
    text: /slack_?received/i,
    why: 'the table of what Slack delivered, and who empties it',
  },
  { paths: ['eval/'], text: vendor, why: 'what a model’s advice would do in Slack is measured there' },
  { paths: ['model/known-words'], text: vendor, why: 'words that a model may write' },
  {
    paths: ['web/address-check', 'mcp/commands'],
    text: vendor,
    why: 'printed for whoever sets this product up',
  },
];

/** A file is named without `src/` and `.ts`, a folder with a slash at its end. */
function isAt(file: string, path: string): boolean {
  return path.endsWith('/') ? file.startsWith(`src/${path}`) : file === `src/${path}.ts`;
}

test('outside its own folder no vendor is known by name', () => {
  const used = new Set<string>();
  const offenders = filesIn('src')
    .filter(({ path }) => !homes.test(path))
    .flatMap(({ path, code }) =>
      code.split('\n').flatMap((line, i) => {
        const named = rooms.test(path) ? idp : vendor;
        if (!named.test(line) || / from '[^']+';$/.test(line)) return [];
        const known = allowed
          .filter(({ text }) => text.test(line))
          .flatMap(({ paths }) => paths.filter((one) => isAt(path, one)));
        for (const one of known) used.add(one);
        return known.length === 0 ? [`${path}:${i + 1}: ${line.trim()}`] : [];
      }),
    );
  expectNone(
    offenders,
    'An identity provider and a chat are data: `idp.system`, `idp.name`, `chat.system`, `chat.name` of src/ports/.',
  );
  expectNone(
    allowed.flatMap(({ paths }) => paths).filter((one) => !used.has(one)),
    'An exception that nothing needs any more goes.',
  );
});

/** Pages about one product, about the sandbox, or that list products. */
const aboutVendors = /^docs\/(connect-(okta|entra)|sandbox|tour|features|contributing)\.md$/;

/** What one identity provider alone has, named as its own. */
const ownThings: readonly RegExp[] = [
  /MuleSoft Anypoint Platform|Okta also answers|Entra's certificate|Entra's `|Okta's (event hook|hook|System Log|own groups|app for Anypoint|API token|ids)|as Okta's/,
  /`(OKTA|ENTRA|GRAPH|OIDC)_\w+`|`(okta|entra)\w*`|connect-(okta|entra)|\| Okta, Okta log|\| Entra, Entra permissions/,
  /Entra's (change notifications|id\b|SCIM)|changed in Entra|an Entra that only tells|(write to|names) \*?(the write to )?Okta|Microsoft Graph/,
];

test('a page that is not about one identity provider does not speak of one alone', () => {
  const lines = pages
    .filter(({ path }) => !aboutVendors.test(path))
    .flatMap(({ path, text }) => text.split('\n').map((line, i) => ({ at: `${path}:${i + 1}`, line })));
  expect(lines.length).toBeGreaterThan(500);
  expectNone(
    lines.flatMap(({ at, line }) => {
      const [isOkta, isEntra] = [/\bOkta\b/.test(line), /\bEntra\b/.test(line)];
      if (isOkta === isEntra || ownThings.some((thing) => thing.test(line))) return [];
      return [`${at}: ${line.trim().slice(0, 160)}`];
    }),
    'An installation may have Okta, Entra or both. Say “the identity provider”, or name what the others have in its place.',
  );
});
