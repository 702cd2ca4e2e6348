import { Fault } from '../../core/fault.ts';
import type { IdentityProvider } from '../../ports/identity-provider.ts';

/** The identity providers of this installation, in the order of the settings. */
export type Idps = {
  readonly all: readonly IdentityProvider[];
  /** The one that is meant where nothing says which: the first. */
  readonly first: IdentityProvider;
  /** Their names in a sentence, e.g. `Okta and Entra`. */
  readonly name: string;
  /** By `system`. Throws a Fault when it is not connected (any more): nothing can be said of what is there. */
  of(system: string): IdentityProvider;
  find(system: string): IdentityProvider | null;
};

/** Something that is done at one identity provider. */
export type AtIdp = { idp: IdentityProvider };

/** `first` and `others`, in the order in which they are asked. */
export function idpsOf(first: IdentityProvider, ...others: IdentityProvider[]): Idps {
  const all = [first, ...others];
  const find = (system: string) => all.find((idp) => idp.system === system) ?? null;
  return {
    all,
    first,
    name: new Intl.ListFormat('en-GB').format(all.map(({ name }) => name)),
    find,
    of(system) {
      const found = find(system);
      if (found !== null) return found;
      throw new Fault('idp.unavailable', `${system} is not connected: its settings are not there`, {
        retryable: true,
      });
    },
  };
}

/** As it is called in sentences; one that is not connected (any more) by its key. */
export function idpName({ idps }: { idps: Idps }, { idp }: { idp: string }): string {
  return idps.find(idp)?.name ?? idp;
}

/** How `{group}` is pushed at once, for whoever runs Latchkey. */
export function pushNow({ idps }: { idps: Idps }, { idp }: { idp: string }): string {
  return idps.find(idp)?.advice.pushNow ?? `push {group} from ${idp} by SCIM`;
}

/** How its own Anypoint connector pushes `{group}` at once, where that is not as usual. */
export function connectorNow({ idps }: { idps: Idps }, { idp }: { idp: string }): { connectorNow?: string } {
  const now = idps.find(idp)?.advice.connectorNow;
  return now === undefined ? {} : { connectorNow: now };
}

/** The context for what is done at one identity provider: that of a target or an entitlement; not said: the first. */
export function at<C extends { idps: Idps }>(context: C, { idp }: { idp?: string | undefined }): C & AtIdp {
  return { ...context, idp: idp === undefined ? context.idps.first : context.idps.of(idp) };
}

/** The context at each identity provider, for what concerns all of them. */
export function atEach<C extends { idps: Idps }>(context: C): (C & AtIdp)[] {
  return context.idps.all.map((idp) => ({ ...context, idp }));
}

/** The identity provider that an entitlement belongs to, by its `system`: the first where none is said. */
export function systemOf({ idp }: { idp?: string | undefined }, idps: Idps): string {
  return idp ?? idps.first.system;
}

/** Whether an entitlement is of the identity provider at hand. */
export function belongsTo({ idps, idp }: { idps: Idps } & AtIdp, entitlement: { idp?: string }): boolean {
  return (entitlement.idp ?? idps.first.system) === idp.system;
}
