import type { GivenSecret } from '../secrets/secret.ts';
import type { SiemSettings } from '../siem/destinations.ts';
import type { ClientCertificate } from '../siem/syslog-connection.ts';
import type { Environment } from './environment.ts';

/** The settings of the export of the audit, each right by itself. */
type SiemGiven = Pick<Environment, Extract<keyof Environment, `SIEM_${string}`>>;

/** What receivers of syslog over TLS should take at least (RFC 5425, 4.3.1). */
const SYSLOG_BYTES = 8_192;

/** Null: the audit is sent nowhere. `secret`: the value of a setting where it may change. */
export function siemIn(e: SiemGiven, secret: (name: string) => GivenSecret | null): SiemSettings | null {
  const url = secret('SIEM_URL') ?? e.SIEM_URL ?? null;
  const syslog = e.SIEM_SYSLOG;
  const settings: SiemSettings = {
    format: e.SIEM_FORMAT ?? 'jsonl',
    since: e.SIEM_SINCE ?? 'start',
    stdout: e.SIEM_STDOUT === 'yes',
    file: e.SIEM_FILE ?? null,
    https:
      url === null
        ? null
        : {
            url,
            kind: e.SIEM_KIND ?? 'lines',
            token: secret('SIEM_TOKEN') ?? e.SIEM_TOKEN ?? null,
            header: e.SIEM_HEADER ?? null,
          },
    syslog:
      syslog === undefined
        ? null
        : {
            ...syslog,
            ca: e.SIEM_SYSLOG_CA ?? null,
            client: clientIn(e, secret),
            bytes: e.SIEM_SYSLOG_BYTES ?? SYSLOG_BYTES,
          },
  };
  const { stdout, file, https } = settings;
  return !stdout && file === null && https === null && settings.syslog === null ? null : settings;
}

function clientIn(e: SiemGiven, secret: (name: string) => GivenSecret | null): ClientCertificate | null {
  const certificate = secret('SIEM_SYSLOG_CERTIFICATE') ?? e.SIEM_SYSLOG_CERTIFICATE ?? null;
  const key = secret('SIEM_SYSLOG_KEY') ?? e.SIEM_SYSLOG_KEY ?? null;
  return certificate === null ? null : { certificate, key };
}

/** Which setting says nothing without another one. */
const needs: Readonly<Record<string, string>> = {
  SIEM_KIND: 'SIEM_URL',
  SIEM_TOKEN: 'SIEM_URL',
  SIEM_HEADER: 'SIEM_URL',
  SIEM_SYSLOG_CA: 'SIEM_SYSLOG',
  SIEM_SYSLOG_BYTES: 'SIEM_SYSLOG',
  SIEM_SYSLOG_CERTIFICATE: 'SIEM_SYSLOG',
  SIEM_SYSLOG_KEY: 'SIEM_SYSLOG_CERTIFICATE',
};

/** What is right by itself but not together. */
export function siemProblems(given: Readonly<Record<string, string | undefined>>): string[] {
  const alone = Object.entries(needs).flatMap(([name, other]) =>
    given[name] !== undefined && given[other] === undefined ? [`${other} is not set, but ${name} is`] : [],
  );
  const isOpen =
    given.SIEM_KIND === 'splunk' && given.SIEM_URL !== undefined && given.SIEM_TOKEN === undefined;
  const isPlain = given.SIEM_SYSLOG_CERTIFICATE !== undefined && /^\s*tcp:/i.test(given.SIEM_SYSLOG ?? '');
  return [
    ...alone,
    ...(isOpen ? ['SIEM_TOKEN is not set: Splunk takes nothing without its token'] : []),
    ...(isPlain
      ? [
          'SIEM_SYSLOG is not over TLS (tls://…), but SIEM_SYSLOG_CERTIFICATE is set: it would be shown to nobody',
        ]
      : []),
  ];
}
