import type { PersonHint } from '../../core/drift/observation.ts';
import { Fault } from '../../core/fault.ts';
import type { IdpPerson } from '../../ports/identity-provider.ts';
import { isLoginKnown, type Person, personByLink, rememberPerson } from '../../store/people.ts';
import { linkPerson } from '../../store/person-links.ts';
import { type AtIdp, atEach } from '../idps/idps.ts';
import type { Context, Parties, Runtime } from '../kernel/context.ts';
import { readById, readByLogin } from './read-by-id.ts';

/**
 * The person who is meant: by the IdP's own id, else as the IdP or the push itself describes them. Null: nobody, or not
 * clear who.
 */
export type Resolve = (told: PersonHint, idp?: string) => Promise<Person | null>;

/**
 * For a batch of what was told. `idp` is the one whose ids these are; without it each is asked in turn. Once one fails to
 * answer, it is not asked again in this batch. Everybody who has to be looked up there fails at once, with the same
 * fault.
 */
export function createResolve(context: Context): Resolve {
  const resolving = atEach(context).map((there) => ({ system: there.idp.system, resolve: resolveAt(there) }));
  return async (told, idp) => {
    for (const { system, resolve } of resolving) {
      const person = idp === undefined || idp === system ? await resolve(told) : null;
      if (person !== null) return person;
    }
    return null;
  };
}

function resolveAt(context: Context & AtIdp): (told: PersonHint) => Promise<Person | null> {
  let away: Fault | null = null;
  async function ask<T>(work: () => Promise<T>): Promise<T> {
    if (away !== null) throw away;
    try {
      return await work();
    } catch (error) {
      if (error instanceof Fault && !isAboutOne(error)) away = error;
      throw error;
    }
  }
  const remembered = (inIdp: IdpPerson, isUnconfirmed = false) =>
    rememberPerson(context.db, context.idp.system, inIdp, isUnconfirmed);

  async function byLogin(login: string): Promise<Person | null> {
    const inIdp = await ask(() => readByLogin(context, login));
    return inIdp === null ? null : await remembered(inIdp);
  }

  async function byIdOrLogin(idOrLogin: string): Promise<Person | null> {
    const inIdp = await ask(() => context.idp.readPerson(idOrLogin));
    return inIdp === null ? null : await remembered(inIdp);
  }

  /** By the IdP's id alone: what a push calls somebody's id may be another's login. */
  async function byId(id: string): Promise<Person | null> {
    const inIdp = await ask(() => readById(context, { id }));
    return inIdp === null ? null : await remembered(inIdp);
  }

  async function byEmail(email: string): Promise<Person | null> {
    const [one, second] = await ask(() => context.idp.findPeopleByEmail(email));
    return one === undefined || second !== undefined ? null : await remembered(one);
  }

  async function byPush(id: string, pushed: Pushed): Promise<Person | null> {
    // Somebody never met needs no question to the IdP. But a known person with this login and another id may be the
    // same person: not every IdP sends its own id. Then the IdP says who that is.
    if (await isLoginKnown(context.db, pushed.login))
      return (await byId(id)) ?? (await byLogin(pushed.login));
    const asPushed: IdpPerson = {
      id,
      login: pushed.login,
      email: pushed.email,
      displayName: pushed.name,
      status: pushed.isActive ? 'active' : 'inactive',
      title: null,
      department: null,
      manager: null,
      timeZone: null,
    };
    return await remembered(asPushed, true);
  }

  /**
   * A person whom Entra names is found by the link, else as Entra describes them. Then the link is kept, so that
   * neither the IdP nor Entra is asked again. A person whom Entra has deleted is still known by it.
   */
  async function byEntra(entraId: string): Promise<Person | null> {
    const known = await personByLink(context.db, BESIDE, entraId);
    if (known !== null) return known;
    const named = await entraNames(context, entraId);
    if (named === null) return null;
    const person = (named.email === null ? null : await byEmail(named.email)) ?? (await byLogin(named.login));
    if (person !== null) await linkPerson(context.db, person.id, BESIDE, entraId);
    return person;
  }

  return async function resolve(told: PersonHint): Promise<Person | null> {
    if ('email' in told) return await byEmail(told.email);
    if ('entraId' in told) return await byEntra(told.entraId);
    if ('anyOf' in told) {
      for (const name of told.anyOf) {
        const person = await resolve(name);
        if (person !== null) return person;
      }
      return null;
    }
    const { id, pushed } = told;
    if (id === null) return pushed === undefined ? null : await byLogin(pushed.login);
    const known = await personByLink(context.db, context.idp.system, id);
    if (known !== null) return known;
    return pushed === undefined ? await byIdOrLogin(id) : await byPush(id, pushed);
  };
}

/** Links by the ids of an Entra that only tells: what they rest on is an address, so they are no IdP's own. */
const BESIDE = 'graph';

/** Whether the IdP refuses to answer about this one alone; it would answer about others. */
export function isAboutOne({ code }: Fault): boolean {
  return code === 'idp.invalid' || code === 'idp.bad_answer';
}

type Pushed = NonNullable<Extract<PersonHint, { id: string | null }>['pushed']>;

/** Without the permission to read people nobody new is known, and asking on would not change that. */
async function entraNames(context: Parties & Runtime, entraId: string) {
  try {
    return (await context.entra?.namesOf(entraId)) ?? null;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'idp.forbidden') throw error;
    context.log.warn({ err: error.message }, 'Entra does not let us read people: grant User.Read.All');
    return null;
  }
}
