/**
 * How a membership of the IdP's group gets into Anypoint.
 * - `bridge`: Latchkey carries it, as SCIM says
 * - `native`: the IdP's own Anypoint connector does
 * - `claim`: Anypoint itself does, from the group claim of the next sign-in
 */
export type Delivery = 'bridge' | 'native' | 'claim';

/** A way that Latchkey does not carry by. It watches, and takes out what stays behind. Left out: it carries itself. */
export type CarriedElsewhere = Exclude<Delivery, 'bridge'>;
