import { sql } from 'kysely';

/**
 * The systems whose links (`person_links.system`) are ids of an identity provider, as a list in SQL. Another provider
 * adds the `system` of its port here.
 */
export const idpSystems = sql.raw("('okta', 'entra')");
