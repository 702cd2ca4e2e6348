import type { Checked } from '../core/checked.ts';
import { isSameGroupName } from '../core/policy/catalogue.ts';
import { type GivenSecret, secretOf } from '../secrets/secret.ts';
import { minuteOf } from '../store/bearer-token.ts';
import type { Db } from '../store/postgres/database.ts';
import { groupNamesFrom } from '../store/scim/groups.ts';
import { environmentTokenUsed, listTokens } from '../store/scim/tokens.ts';

/** Where to look in the identity provider. */
const PUSH = 'in Okta, the SCIM app, Push Groups';

/**
 * Whether the IdP's pushes arrive: which token was last used, and which groups of the catalogue came. Only what is
 * stored is read; that a push works now, only the IdP can tell.
 */
export async function checkScim(
  db: Db,
  { token, groupNames }: { token: GivenSecret; groupNames: readonly string[] },
): Promise<Checked[]> {
  const last = await environmentTokenUsed(db, secretOf(token).current());
  const uses = [
    ...(last === null ? [] : [{ name: 'SCIM_TOKEN', at: last }]),
    ...(await listTokens(db)).flatMap(({ name, source, last_used_at: at }) =>
      at === null ? [] : [{ name: `${name} (${source})`, at }],
    ),
  ].sort((a, b) => b.at.getTime() - a.at.getTime());
  const pushed = await groupNamesFrom(db, 'okta');
  const missing = groupNames.filter((name) => !pushed.some((one) => isSameGroupName(one, name)));
  const [newest] = uses;
  return [
    newest === undefined
      ? {
          name: 'SCIM',
          trouble:
            'no token was ever used, so Okta has pushed nothing: set its SCIM app to https://<PUBLIC_URL>/scim/v2 with SCIM_TOKEN, and press Test API Credentials there',
        }
      : { name: 'SCIM', trouble: null, detail: `last used ${minuteOf(newest.at)} UTC, by ${newest.name}` },
    ...(newest === undefined || missing.length === 0
      ? []
      : [
          {
            name: 'SCIM groups',
            trouble: `never pushed: ${missing.join(', ')}; what is in them is not carried to Anypoint by SCIM. Push them (${PUSH})`,
          },
        ]),
    ...(newest !== undefined && missing.length === 0 ? [{ name: 'SCIM groups', trouble: null }] : []),
  ];
}
