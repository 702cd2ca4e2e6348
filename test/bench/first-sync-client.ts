import { externalIdOf, MANAGED, memberAt, type Plan } from './first-sync-crowd.ts';
import { createScimClient } from './scim-client.ts';
import { abreast } from './traveller.ts';

/**
 * An IdP's provisioning client: users, then groups and their members, over connections that stay open. Prints how
 * long both took. `node first-sync-client.ts <latchkey> <token> <plan>`
 */
const [url, token, planned] = process.argv.slice(2) as [string, string, string];
const plan = JSON.parse(planned) as Plan;
/** Requests on their way at once: more than Okta's or Entra's clients send. */
const WIDTH = 16;
const MEMBERS_PER_PATCH = 100;

const client = createScimClient(url, token);
const scimIds: string[] = new Array(plan.users);
const numbers = (length: number) => Array.from({ length }, (_, n) => n);

const startedAt = performance.now();
await abreast(numbers(plan.users), WIDTH, async (n) => {
  const userName = `sync${n}@bench.example`;
  const { id } = await client.ask<{ id: string }>('POST', '/Users', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName,
    externalId: externalIdOf(n),
    active: true,
    name: { givenName: 'Sync', familyName: `Person ${n}` },
    displayName: `Sync Person ${n}`,
    emails: [{ value: userName, type: 'work', primary: true }],
    locale: 'en-US',
    groups: [],
  });
  scimIds[n] = id;
});
const usersMs = performance.now() - startedAt;

await abreast(numbers(plan.groups), WIDTH, async (g) => {
  const id = await groupId(g);
  for (let from = 0; from < plan.perGroup; from += MEMBERS_PER_PATCH)
    await client.send('PATCH', `/Groups/${id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [
        {
          op: 'add',
          path: 'members',
          value: numbers(Math.min(MEMBERS_PER_PATCH, plan.perGroup - from)).map((i) => ({
            value: scimIds[memberAt(plan, g, from + i)],
            display: `sync${memberAt(plan, g, from + i)}@bench.example`,
          })),
        },
      ],
    });
});
client.close();
process.stdout.write(`${JSON.stringify({ usersMs, groupsMs: performance.now() - startedAt - usersMs })}\n`);

async function groupId(g: number): Promise<string> {
  const name = MANAGED[g];
  if (name === undefined)
    return (
      await client.ask<{ id: string }>('POST', '/Groups', {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
        displayName: `sync-group-${g}`,
        members: [],
      })
    ).id;
  const filter = encodeURIComponent(`displayName eq "${name}"`);
  const { Resources } = await client.ask<{ Resources: { id: string }[] }>(
    'GET',
    `/Groups?filter=${filter}&excludedAttributes=members`,
  );
  return (Resources[0] as { id: string }).id;
}
