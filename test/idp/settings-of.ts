import type { Outside } from '../../src/config/outside.ts';
import type { EntraSettings } from '../../src/idp/entra/entra.ts';
import type { OktaOutside } from '../../src/idp/okta/vendor.ts';

/** Okta's settings in it; a test that looks at them runs with Okta. */
export function oktaOf({ idps }: Outside): OktaOutside {
  return idps.find(({ system }) => system === 'okta')?.settings as OktaOutside;
}

/** Entra's. */
export function entraOf({ idps }: Outside): EntraSettings {
  return idps.find(({ system }) => system === 'entra')?.settings as EntraSettings;
}
