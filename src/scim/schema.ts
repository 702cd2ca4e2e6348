/** One attribute of a resource, RFC 7643 section 7. */
export type Attribute = {
  name: string;
  type: 'string' | 'boolean' | 'complex' | 'reference' | 'dateTime' | 'binary';
  multiValued: boolean;
  required: boolean;
  caseExact: boolean;
  mutability: 'readWrite' | 'readOnly' | 'writeOnly' | 'immutable';
  returned: 'default' | 'always' | 'never';
  uniqueness: 'none' | 'server';
  /** The targets of a reference: names of resource types, `external` or `uri`. */
  referenceTypes: string[];
  /** Values that are usual, RFC 7643 section 8.7.1; others are taken too. */
  canonicalValues: string[];
  description: string;
  subAttributes: Attribute[];
};

export type Schema = { urn: string; name: string; description: string; attributes: Attribute[] };

/** A resource type with its schemas, RFC 7643 section 6. */
export type ResourceType = {
  name: 'User' | 'Group';
  endpoint: '/Users' | '/Groups';
  core: Schema;
  extensions: Schema[];
};

function attribute(name: string, description: string, differs: Partial<Attribute> = {}): Attribute {
  return {
    name,
    type: 'string',
    multiValued: false,
    required: false,
    caseExact: false,
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    referenceTypes: [],
    canonicalValues: [],
    description,
    subAttributes: [],
    ...differs,
  };
}

function reference(
  name: string,
  description: string,
  to: string,
  differs: Partial<Attribute> = {},
): Attribute {
  return attribute(name, description, {
    type: 'reference',
    caseExact: true,
    referenceTypes: [to],
    ...differs,
  });
}

function complex(name: string, description: string, subAttributes: Attribute[]): Attribute {
  return attribute(name, description, { type: 'complex', subAttributes });
}

/** A multi-valued attribute with the usual sub-attributes of RFC 7643 section 2.4. */
function values(
  name: string,
  description: string,
  canonicalValues: string[] = [],
  value: Partial<Attribute> = {},
): Attribute {
  return attribute(name, description, {
    type: 'complex',
    multiValued: true,
    subAttributes: [
      attribute('value', 'The value itself', value),
      attribute('display', 'A name for people to read'),
      attribute('type', 'What the value is for, such as work', { canonicalValues }),
      attribute('primary', 'Whether this is the preferred value; true at most once', { type: 'boolean' }),
    ],
  });
}

/** Attributes that every resource has, RFC 7643 section 3.1. Not listed by /Schemas. */
const commonAttributes: Attribute[] = [
  attribute('schemas', 'URNs of the schemas that the resource has attributes of', {
    multiValued: true,
    mutability: 'readOnly',
    returned: 'always',
  }),
  attribute('id', 'Identifier given by Latchkey', {
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
    uniqueness: 'server',
  }),
  attribute('externalId', 'Identifier given by the client', { caseExact: true }),
  attribute('meta', 'Metadata', {
    type: 'complex',
    mutability: 'readOnly',
    subAttributes: [
      attribute('resourceType', 'Name of the resource type', { caseExact: true, mutability: 'readOnly' }),
      attribute('created', 'When the resource was added', { type: 'dateTime', mutability: 'readOnly' }),
      attribute('lastModified', 'When the resource last changed', {
        type: 'dateTime',
        mutability: 'readOnly',
      }),
      reference('location', 'Address of the resource', 'uri', { mutability: 'readOnly' }),
      attribute('version', 'Entity tag', { caseExact: true, mutability: 'readOnly' }),
    ],
  }),
];

const userSchema: Schema = {
  urn: 'urn:ietf:params:scim:schemas:core:2.0:User',
  name: 'User',
  description: 'User Account',
  attributes: [
    attribute('userName', 'What the user signs in with', { required: true, uniqueness: 'server' }),
    complex('name', 'The parts of the name', [
      attribute('formatted', 'The whole name'),
      attribute('familyName', 'Family name'),
      attribute('givenName', 'Given name'),
      attribute('middleName', 'Middle names'),
      attribute('honorificPrefix', 'Such as Dr.'),
      attribute('honorificSuffix', 'Such as III'),
    ]),
    attribute('displayName', 'Name for people to read'),
    attribute('nickName', 'Casual name'),
    reference('profileUrl', 'Address of a page about the user', 'external'),
    attribute('title', 'Job title'),
    attribute('userType', 'Such as Employee or Contractor'),
    attribute('preferredLanguage', 'Preferred languages'),
    attribute('locale', 'Locale for dates and numbers'),
    attribute('timezone', 'IANA time zone'),
    attribute('active', 'Whether the user has the application; false ends all access', { type: 'boolean' }),
    attribute('password', 'Accepted and never stored: Latchkey has no passwords', {
      mutability: 'writeOnly',
      returned: 'never',
    }),
    values('emails', 'E-mail addresses', ['work', 'home', 'other']),
    values('phoneNumbers', 'Phone numbers', ['work', 'home', 'mobile', 'fax', 'pager', 'other']),
    values('ims', 'Instant messaging addresses', [
      'aim',
      'gtalk',
      'icq',
      'xmpp',
      'msn',
      'skype',
      'qq',
      'yahoo',
    ]),
    values('photos', 'Addresses of pictures', ['photo', 'thumbnail'], {
      type: 'reference',
      caseExact: true,
      referenceTypes: ['external'],
    }),
    attribute('addresses', 'Postal addresses', {
      type: 'complex',
      multiValued: true,
      subAttributes: [
        attribute('formatted', 'The whole address'),
        attribute('streetAddress', 'Street'),
        attribute('locality', 'Town'),
        attribute('region', 'Region'),
        attribute('postalCode', 'Postal code'),
        attribute('country', 'Country'),
        // Entra knows one more than the RFC.
        attribute('type', 'What the address is for, such as work', {
          canonicalValues: ['work', 'home', 'other', 'untyped'],
        }),
        attribute('primary', 'Whether this is the preferred address', { type: 'boolean' }),
      ],
    }),
    attribute('groups', 'Groups that the user is in; changed through the group', {
      type: 'complex',
      multiValued: true,
      mutability: 'readOnly',
      subAttributes: [
        attribute('value', 'Identifier of the group', { caseExact: true, mutability: 'readOnly' }),
        reference('$ref', 'Address of the group', 'Group', { mutability: 'readOnly' }),
        attribute('display', 'Name of the group', { mutability: 'readOnly' }),
        attribute('type', 'Always direct', { mutability: 'readOnly' }),
      ],
    }),
    values('entitlements', 'Entitlements'),
    values('roles', 'Roles'),
    values('x509Certificates', 'Certificates', [], { type: 'binary', caseExact: true }),
  ],
};

export const enterpriseUrn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const enterpriseSchema: Schema = {
  urn: enterpriseUrn,
  name: 'EnterpriseUser',
  description: 'Enterprise User',
  attributes: [
    attribute('employeeNumber', 'Number of the employee'),
    attribute('costCenter', 'Cost centre'),
    attribute('organization', 'Organisation'),
    attribute('division', 'Division'),
    attribute('department', 'Department'),
    complex('manager', 'The manager', [
      attribute('value', 'Identifier of the manager', { caseExact: true }),
      reference('$ref', 'Address of the manager', 'User'),
      attribute('displayName', 'Name of the manager'),
    ]),
  ],
};

const groupSchema: Schema = {
  urn: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  name: 'Group',
  description: 'Group',
  attributes: [
    // RFC 7643 leaves uniqueness open; Entra matches groups by this name, so here it is unique.
    attribute('displayName', 'Name of the group', { required: true, uniqueness: 'server' }),
    attribute('members', 'Users in the group', {
      type: 'complex',
      multiValued: true,
      subAttributes: [
        attribute('value', 'Identifier of the user', { caseExact: true, mutability: 'immutable' }),
        reference('$ref', 'Address of the user', 'User', { mutability: 'immutable' }),
        attribute('display', 'Name of the user', { mutability: 'readOnly' }),
        attribute('type', 'Always User', { mutability: 'immutable' }),
      ],
    }),
  ],
};

export const userType: ResourceType = {
  name: 'User',
  endpoint: '/Users',
  core: userSchema,
  extensions: [enterpriseSchema],
};
export const groupType: ResourceType = {
  name: 'Group',
  endpoint: '/Groups',
  core: groupSchema,
  extensions: [],
};

/** Where a name such as `name.givenName` or `urn:...:User:department` points to. */
export type Resolved = {
  /** URN of the extension that holds the attribute; null for the core. */
  extension: string | null;
  /** Null: the name is the URN of a schema itself. */
  attribute: Attribute | null;
  sub: Attribute | null;
};

/** Finds an attribute by its name in any case, with or without its schema's URN; null when there is none. */
export function resolve(type: ResourceType, path: string): Resolved | null {
  // Most names are an attribute's own, and none of these begins as a URN does.
  const plain = named(ofAllSchemas(type), path);
  if (plain !== undefined) return { extension: null, attribute: plain, sub: null };
  for (const schema of [type.core, ...type.extensions]) {
    const extension = schema === type.core ? null : schema.urn;
    if (sameName(path, schema.urn)) return { extension, attribute: null, sub: null };
    const prefix = `${schema.urn}:`;
    if (sameName(path.slice(0, prefix.length), prefix))
      return inSchema(schema.attributes, path.slice(prefix.length), extension);
  }
  return inSchema(ofAllSchemas(type), path, null);
}

const coreAttributes = new WeakMap<ResourceType, Attribute[]>();

/** The attributes that are named without a schema's URN. */
function ofAllSchemas(type: ResourceType): Attribute[] {
  const known = coreAttributes.get(type);
  if (known !== undefined) return known;
  const all = [...commonAttributes, ...type.core.attributes];
  coreAttributes.set(type, all);
  return all;
}

function inSchema(attributes: Attribute[], path: string, extension: string | null): Resolved | null {
  const [name = '', subName, ...rest] = path.split('.');
  const found = named(attributes, name);
  if (found === undefined || rest.length > 0) return null;
  if (subName === undefined) return { extension, attribute: found, sub: null };
  const sub = named(found.subAttributes, subName);
  return sub === undefined ? null : { extension, attribute: found, sub };
}

const namesIn = new WeakMap<readonly Attribute[], Map<string, Attribute>>();

/** Attribute names are case-insensitive, RFC 7643 section 2.1. */
export function named(attributes: readonly Attribute[], name: string): Attribute | undefined {
  let names = namesIn.get(attributes);
  if (names === undefined) {
    // Of two that are called the same the first counts.
    names = new Map(attributes.toReversed().map((one) => [one.name.toLowerCase(), one]));
    namesIn.set(attributes, names);
  }
  return names.get(name.toLowerCase());
}

export function sameName(a: string, b: string): boolean {
  return a === b || a.toLowerCase() === b.toLowerCase();
}
