import { entra } from './entra/vendor.ts';
import { okta } from './okta/vendor.ts';
import type { IdpVendor } from './vendor.ts';

/** The identity providers that Latchkey knows, in the order in which they are asked. Another one adds its line. */
export const idpVendors: readonly IdpVendor[] = [
  okta, //
  entra,
];
