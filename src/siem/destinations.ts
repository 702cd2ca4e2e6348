import type { AuditDestination, ExportedEntry } from '../ports/audit-destination.ts';
import { entryInWords } from '../web/entry-words.ts';
import { fileDestination } from './file.ts';
import { type HttpsSettings, httpsDestination } from './https.ts';
import type { LineFormat, LineSettings } from './line.ts';
import { standardOutput } from './standard-output.ts';
import { type SyslogSettings, syslogDestination } from './syslog.ts';

/** Where the audit is sent, beside the database. Each is null, or false, where it is not. */
export type SiemSettings = {
  format: LineFormat;
  /** Where a destination begins that is new: with all that there is, with what comes, or at a time. */
  since: 'start' | 'now' | Date;
  stdout: boolean;
  file: string | null;
  https: HttpsSettings | null;
  syslog: SyslogSettings | null;
};

/** `idp`: as the identity provider is called. */
export type LineMaker = { idp: string; version: string };

export function lineSettings(format: LineFormat, { idp, version }: LineMaker): LineSettings {
  const words = ({ at, type, actor, data }: ExportedEntry) =>
    entryInWords({ at, type, actor: JSON.parse(actor), data: JSON.parse(data) }, idp).text;
  return { format, words, version };
}

export function createDestinations(
  { format, stdout, file, https, syslog }: SiemSettings,
  maker: LineMaker,
): AuditDestination[] {
  const lines = lineSettings(format, maker);
  return [
    ...(stdout ? [standardOutput(lines)] : []),
    ...(file === null ? [] : [fileDestination(file, lines)]),
    ...(https === null ? [] : [httpsDestination(https, lines)]),
    ...(syslog === null ? [] : [syslogDestination(syslog, lines)]),
  ];
}
