import { Leeway } from './leeway.ts';
import { applySteps, readPatch } from './patch.ts';
import { type Doc, readResource } from './resource.ts';
import { userType } from './schema.ts';
import { invalidValue } from './scim-error.ts';
import { saidOfActive } from './taken-away.ts';

export type ChangedUser = {
  doc: Doc;
  /** What of the request was left out and why, for the audit. */
  ignored: string[];
  /** It switches the user off: that is never lost to what stands beside it. */
  isOff: boolean;
};

/**
 * The change that a request makes to a user. The document given is left as it was. Throws 400, and then nothing has
 * changed.
 */
export type UserChange = (before: Doc) => ChangedUser;

/** A PATCH (RFC 7644 section 3.5.2). */
export function patchOf(id: string, body: unknown): UserChange {
  return changing(body, (before, leeway) => {
    const steps = readPatch(userType, id, body, leeway);
    return applySteps(userType, before, steps, leeway);
  });
}

/** A PUT (RFC 7644 section 3.5.1). One that does not say whether the user is active leaves that as it is. */
export function replacementBy(body: unknown): UserChange {
  return changing(body, (before, leeway) => ({
    active: before.active,
    ...readResource(userType, body, leeway, before),
  }));
}

function changing(body: unknown, change: (before: Doc, leeway: Leeway) => Doc): UserChange {
  const said = saidOfActive(body);
  return (before) => {
    const isOff = said === 'off';
    const leeway = new Leeway(isOff);
    const doc = leeway.attempt('body', () => change(before, leeway)) ?? structuredClone(before);
    if (said === 'unclear') throw invalidValue('active is neither true nor false');
    // Null and silence are never "active": what is unassigned gives nobody access.
    return { doc: { ...doc, active: !isOff && doc.active === true }, ignored: leeway.ignored, isOff };
  };
}

/** A POST (RFC 7644 section 3.3): one that does not say whether the user is active makes an active one. */
export function newUser(body: unknown): Doc {
  const doc = { active: true, ...readResource(userType, body) };
  return saidOfActive(body) === 'off' ? { ...doc, active: false } : doc;
}
