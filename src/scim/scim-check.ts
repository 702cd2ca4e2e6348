import type { Checked } from '../core/checked.ts';
import { type Entitlement, isSameGroupName } from '../core/policy/catalogue.ts';
import { type Idps, systemOf } from '../flow/idps/idps.ts';
import { type GivenSecret, secretOf } from '../secrets/secret.ts';
import { minuteOf } from '../store/bearer-token.ts';
import type { Db } from '../store/postgres/database.ts';
import { groupNamesFrom } from '../store/scim/groups.ts';
import { environmentTokenUsed, listTokens } from '../store/scim/tokens.ts';

/**
 * Whether the IdP's pushes arrive: which token was last used, and which groups of the catalogue came. Only what is
 * stored is read; that a push works now, only the IdP can tell.
 */
export async function checkScim(
  db: Db,
  { token, idps, entitlements }: { token: GivenSecret; idps: Idps; entitlements: readonly Entitlement[] },
): Promise<Checked[]> {
  const last = await environmentTokenUsed(db, secretOf(token).current());
  const uses = [
    ...(last === null ? [] : [{ name: 'SCIM_TOKEN', at: last }]),
    ...(await listTokens(db)).flatMap(({ name, source, last_used_at: at }) =>
      at === null ? [] : [{ name: `${name} (${source})`, at }],
    ),
  ].sort((a, b) => b.at.getTime() - a.at.getTime());
  const [newest] = uses;
  if (newest === undefined) {
    const next = idps.all.map(({ name, advice }) => `in ${name}, ${advice.scim}`).join('; ');
    const names = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(
      idps.all.map(({ name }) => name),
    );
    return [{ name: 'SCIM', trouble: `no token was ever used, so nothing was pushed by ${names}: ${next}` }];
  }
  const missing: string[] = [];
  for (const { system, advice } of idps.all) {
    // What something else carries, nobody pushes to Latchkey.
    const theirs = entitlements.filter((e) => systemOf(e, idps) === system && e.delivery === undefined);
    const groupNames = [...new Set(theirs.map((e) => e.idpGroup))];
    const pushed = await groupNamesFrom(db, system);
    const never = groupNames.filter((name) => !pushed.some((one) => isSameGroupName(one, name)));
    if (never.length > 0)
      missing.push(
        `never pushed: ${never.join(', ')}; what is in them is not carried to Anypoint by SCIM. Push them (${advice.pushGroups})`,
      );
  }
  return [
    { name: 'SCIM', trouble: null, detail: `last used ${minuteOf(newest.at)} UTC, by ${newest.name}` },
    { name: 'SCIM groups', trouble: missing.length === 0 ? null : missing.join('; ') },
  ];
}
