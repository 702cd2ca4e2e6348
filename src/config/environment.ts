import { z } from 'zod';
import { httpsKinds } from '../siem/https.ts';
import { lineFormats } from '../siem/line.ts';
import { kindNames } from '../tickets/kinds.ts';
import {
  acrValues,
  auditKey,
  auditSince,
  auditVerifierKeys,
  auditWitnesses,
  certificate,
  databaseUrl,
  duration,
  issuers,
  issuerUrl,
  jsonPath,
  list,
  long,
  outsideUrl,
  port,
  proxies,
  redisUrl,
  s3Place,
  secret,
  syslogAddress,
  text,
  ticketsUrl,
  url,
} from './setting-shapes.ts';

/** Each setting by itself; those of identity providers stand with them (src/idp). */
export const environment = z.object({
  SLACK_BOT_TOKEN: text.regex(/^xoxb-/, 'starts with xoxb-').optional(),
  SLACK_SIGNING_SECRET: long(8).optional(),
  SLACK_APP_TOKEN: text.regex(/^xapp-/, 'starts with xapp-').optional(),
  SLACK_API_URL: z.url({ protocol: /^https?$/ }).optional(),
  ANYPOINT_URL: url.optional(),
  ANYPOINT_SIGN_IN_URL: url.optional(),
  ANYPOINT_ORG_ID: text.optional(),
  ANYPOINT_CLIENT_ID: text.optional(),
  ANYPOINT_CLIENT_SECRET: text.optional(),
  GRAPH_TENANT_ID: text.optional(),
  GRAPH_CLIENT_ID: text.optional(),
  GRAPH_CLIENT_SECRET: text.optional(),
  GRAPH_URL: url.optional(),
  GRAPH_LOGIN_URL: url.optional(),
  SET_ISSUERS: issuers.optional(),
  SET_AUDIENCE: text.optional(),
  OIDC_ISSUER: issuerUrl.optional(),
  OIDC_CLIENT_ID: text.optional(),
  OIDC_CLIENT_SECRET: text.optional(),
  OIDC_ACR_VALUES: acrValues.optional(),
  OIDC_SUBJECT_CLAIM: text.regex(/^[\w:/.-]{1,100}$/, 'must be the name of a claim').optional(),
  TICKETS_URL: ticketsUrl.optional(),
  TICKETS_KIND: z.enum(kindNames).optional(),
  TICKETS_TOKEN: text.optional(),
  TICKETS_USER: text.optional(),
  TICKETS_NAME: text.max(40).optional(),
  TICKETS_STATUS: jsonPath.optional(),
  TICKETS_CLOSED: list.optional(),
  TICKETS_TITLE: jsonPath.optional(),
  TICKETS_ASSIGNEE: jsonPath.optional(),
  SCIM_TOKEN: secret.optional(),
  OPENAI_API_KEY: text.optional(),
  OPENAI_BASE_URL: url.optional(),
  OPENAI_MODEL: text.optional(),
  MODEL_DAILY_TOKENS: z
    .string()
    .trim()
    .regex(/^\d{1,12}$/, 'must be a whole number of tokens')
    .transform(Number)
    .optional(),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_PASSWORD: text.optional(),
  REDIS_URL: redisUrl.optional(),
  REDIS_PASSWORD: text.optional(),
  REDIS_CA: certificate.optional(),
  PUBLIC_URL: url.optional(),
  PORT: port.default(3000),
  POLICY_DIR: text.default('policy'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).optional(),
  READ_TOKEN: secret.optional(),
  AUDIT_SIGNING_KEY: auditKey.optional(),
  AUDIT_EARLIER_KEYS: auditVerifierKeys.optional(),
  AUDIT_WITNESSES: auditWitnesses.optional(),
  AUDIT_ANCHOR_CHANNEL: text.max(80).optional(),
  AUDIT_ANCHOR_FILE: text.optional(),
  AUDIT_ANCHOR_BUCKET: s3Place.optional(),
  AUDIT_ANCHOR_BUCKET_KEEP: duration.optional(),
  AUDIT_ANCHOR_TSA: url.optional(),
  AUDIT_ANCHOR_TSA_CA: certificate.optional(),
  AUDIT_ANCHOR_EVERY: duration.optional(),
  SIEM_FORMAT: z.enum(lineFormats).optional(),
  SIEM_SINCE: auditSince.optional(),
  SIEM_STDOUT: z.enum(['yes', 'no']).optional(),
  SIEM_FILE: text.optional(),
  SIEM_URL: outsideUrl.optional(),
  SIEM_KIND: z.enum(httpsKinds).optional(),
  SIEM_TOKEN: text.regex(/^[\x21-\x7e]+$/, 'has a character that no header can have').optional(),
  SIEM_HEADER: text.regex(/^[\w!#$%&'*+.^`|~-]+$/, 'must be the name of a header').optional(),
  SIEM_SYSLOG: syslogAddress.optional(),
  SIEM_SYSLOG_CA: certificate.optional(),
  SIEM_SYSLOG_BYTES: z
    .string()
    .trim()
    .regex(/^\d{4,7}$/, 'must be a number of bytes')
    .transform(Number)
    .refine((bytes) => bytes >= 2_048, 'must be at least 2048')
    .optional(),
  TRUST_PROXY: proxies.optional(),
  SECRETS_REFRESH: duration.optional(),
  SECRETS_OVERLAP: duration.optional(),
  SECRETS_MAX_AGE: duration.optional(),
});

export type Environment = z.infer<typeof environment>;
