/**
 * What the published schema of OCSF says of the two classes that are sent, as far as they are used: written down from
 * github.com/ocsf/ocsf-schema at 3dcb905d, the commit of release 1.8.0 (version.json there says 1.8.0). Attributes that
 * are not listed here are not sent, so one that the schema does not have fails.
 */

type Attribute = { is: string; required?: true; oneOf?: readonly unknown[] };
type Shape = { attributes: Record<string, Attribute>; atLeastOne?: readonly string[] };

const text: Attribute = { is: 'string' };
const number: Attribute = { is: 'integer' };
const required = (is: string, oneOf?: readonly unknown[]): Attribute => ({
  is,
  required: true,
  ...(oneOf === undefined ? {} : { oneOf }),
});
const typeIds = { user: [0, 1, 2, 3, 4, 99], entity: [0, 1, 2, 3, 4, 5, 6, 7, 99] };
const named = ['name', 'uid'];

const objects: Record<string, Shape> = {
  metadata: {
    attributes: {
      version: required('string', ['1.8.0']),
      product: required('product'),
      log_name: text,
      event_code: text,
      original_time: text,
      sequence: number,
      uid: text,
      correlation_uid: text,
      is_truncated: { is: 'boolean' },
      untruncated_size: number,
    },
  },
  product: { attributes: { name: text, uid: text, vendor_name: text, version: text }, atLeastOne: named },
  actor: {
    attributes: { user: { is: 'user' }, app_name: text, app_uid: text },
    atLeastOne: ['user', 'app_name', 'app_uid'],
  },
  user: {
    attributes: {
      uid: text,
      name: text,
      full_name: text,
      email_addr: text,
      type: text,
      type_id: { is: 'integer', oneOf: typeIds.user },
    },
    atLeastOne: ['name', 'uid'],
  },
  group: { attributes: { uid: text, name: text, domain: text, type: text }, atLeastOne: named },
  policy: { attributes: { uid: text, name: text }, atLeastOne: named },
  managed_entity: {
    attributes: {
      uid: text,
      name: text,
      type: text,
      type_id: { is: 'integer', oneOf: typeIds.entity },
      data: { is: 'json' },
      user: { is: 'user' },
      policy: { is: 'policy' },
    },
    atLeastOne: ['name', 'uid', 'policy', 'user'],
  },
};

/** Of the base event and of the category (IAM), in every class. */
const everyEvent: Record<string, Attribute> = {
  activity_name: text,
  category_uid: required('integer', [3]),
  category_name: text,
  class_name: text,
  type_name: text,
  time: required('integer'),
  timezone_offset: number,
  severity_id: required('integer', [0, 1, 2, 3, 4, 5, 6, 99]),
  severity: text,
  status_id: { is: 'integer', oneOf: [0, 1, 2, 99] },
  status: text,
  message: text,
  actor: { is: 'actor' },
  metadata: required('metadata'),
  unmapped: { is: 'object' },
};

/** Captions of `activity_id`. */
export const activityNames: Record<number, Record<number, string>> = {
  3004: {
    1: 'Create',
    2: 'Read',
    3: 'Update',
    4: 'Delete',
    5: 'Move',
    6: 'Enroll',
    7: 'Unenroll',
    8: 'Enable',
    9: 'Disable',
    10: 'Activate',
    11: 'Deactivate',
    12: 'Suspend',
    13: 'Resume',
  },
  3006: {
    1: 'Assign Privileges',
    2: 'Revoke Privileges',
    3: 'Add User',
    4: 'Remove User',
    5: 'Delete',
    6: 'Create',
    7: 'Add Subgroup',
    8: 'Remove Subgroup',
  },
};
export const severityNames: Record<number, string> = {
  0: 'Unknown',
  1: 'Informational',
  2: 'Low',
  3: 'Medium',
  4: 'High',
  5: 'Critical',
  6: 'Fatal',
};
export const statusNames: Record<number, string> = { 0: 'Unknown', 1: 'Success', 2: 'Failure' };

const own: Record<number, Record<string, Attribute>> = {
  3004: { entity: required('managed_entity') },
  3006: { group: required('group'), user: { is: 'user' } },
};

/** The JSON Schema of a class. */
export function schemaOf(classUid: number): object {
  const activities = [0, ...Object.keys(activityNames[classUid] ?? {}).map(Number), 99];
  const shape: Shape = {
    attributes: {
      ...everyEvent,
      ...own[classUid],
      class_uid: required('integer', [classUid]),
      activity_id: required('integer', activities),
      type_uid: required(
        'integer',
        activities.map((id) => classUid * 100 + id),
      ),
    },
  };
  return {
    ...objectSchema(shape),
    $defs: Object.fromEntries(Object.entries(objects).map(([name, one]) => [name, objectSchema(one)])),
  };
}

function objectSchema({ attributes, atLeastOne }: Shape): object {
  const entries = Object.entries(attributes);
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(entries.map(([name, attribute]) => [name, attributeSchema(attribute)])),
    required: entries.filter(([, attribute]) => attribute.required).map(([name]) => name),
    ...(atLeastOne === undefined ? {} : { anyOf: atLeastOne.map((name) => ({ required: [name] })) }),
  };
}

function attributeSchema({ is, oneOf }: Attribute): object {
  if (is === 'json') return {};
  if (is in objects) return { $ref: `#/$defs/${is}` };
  return { type: is, ...(oneOf === undefined ? {} : { enum: oneOf }) };
}
