import { credentials, type Person } from '../../src/sandbox/seed.ts';

/** Latchkey's own SCIM endpoint, as an IdP writes to it. Throws when the answer is no success. */
export async function scimCall<T>(
  latchkeyUrl: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(`${latchkeyUrl}/scim/v2${path}`, {
    method,
    headers: {
      authorization: `Bearer ${credentials.scimToken}`,
      'content-type': 'application/scim+json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (response.status === 204 ? null : await response.json()) as T;
}

/** A person as Okta provisions them. */
export function scimUserOf({ email, name, oktaId }: Person) {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: email,
    externalId: oktaId,
    displayName: name,
    emails: [{ value: email, primary: true }],
    active: true,
  };
}
