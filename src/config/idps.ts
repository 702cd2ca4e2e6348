import type { z } from 'zod';
import type { ConnectedIdp, GivenSettings, IdpVendor } from '../idp/vendor.ts';

type Given = Readonly<Record<string, string | undefined>>;

/** The settings of identity providers, each by itself. All may be left out. */
export function shapesOf(vendors: readonly IdpVendor[]): Record<string, z.ZodType> {
  return Object.fromEntries(
    vendors.flatMap(({ settings }) =>
      Object.entries(settings).map(([name, { shape }]) => [name, shape.optional()]),
    ),
  );
}

/**
 * Those of which any setting is there. With none, the settings of the first are asked for; the hint names those of the
 * others.
 */
export function idpsIn(vendors: readonly IdpVendor[], given: GivenSettings): ConnectedIdp[] {
  const connected = vendors.filter((vendor) => isConnected(vendor, given.isGiven));
  return (connected.length === 0 ? vendors.slice(0, 1) : connected).map((vendor) => vendor.read(given));
}

function isConnected({ settings }: IdpVendor, isGiven: (name: string) => boolean): boolean {
  return Object.keys(settings).some(isGiven);
}

/** Undefined: it is no setting of an identity provider. */
export function hintOfIdp(name: string, vendors: readonly IdpVendor[], given: Given): string | undefined {
  const [first, ...others] = vendors;
  const hint = vendors.find(({ settings }) => name in settings)?.settings[name]?.hint;
  const isFirst = first !== undefined && name === Object.keys(first.settings)[0];
  if (hint === undefined || !isFirst) return hint;
  if (vendors.some((vendor) => isConnected(vendor, (one) => given[one] !== undefined))) return hint;
  const instead = others.map(
    (one) => `${Object.keys(one.settings)[0]} where ${one.name} is the identity provider`,
  );
  return `${hint}; or ${instead.join(', or ')}`;
}
