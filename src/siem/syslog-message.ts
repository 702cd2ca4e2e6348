import { hostname } from 'node:os';
import type { ExportedEntry } from '../ports/audit-destination.ts';
import { kindOf, type Severity } from './entry-kinds.ts';
import { cut, type LineSettings, lineOf } from './line.ts';

/** RFC 5424, 6.2.1: 13 is "log audit"; informational, notice, warning, error. */
const FACILITY = 13;
const levels: Record<Severity, number> = { 1: 6, 2: 5, 3: 4, 4: 3 };
/** RFC 5424, 7.3.1: it begins anew behind this number. */
const SEQUENCE_MAX = 2_147_483_647;
const APP_NAME = 'latchkey';

/**
 * An entry as a message of RFC 5424, behind its length in bytes (RFC 6587, 3.4.1; RFC 5425, 4.3). The message is JSON in
 * ASCII alone: other characters are escaped. So it needs no byte order mark, and has no line end within. One of more
 * than `bytes` comes without its data, and says so.
 */
export function syslogFrame(entry: ExportedEntry, lines: LineSettings, bytes: number): string {
  const header = headerOf(entry);
  let message = lineOf(entry, lines, { isAscii: true });
  if (header.length + message.length > bytes)
    message = cut(entry, lines, { size: message.length, isAscii: true });
  const whole = `${header}${message}`;
  return `${whole.length} ${whole}`;
}

function headerOf(entry: ExportedEntry): string {
  const { severity } = kindOf(entry, JSON.parse(entry.data));
  const priority = FACILITY * 8 + levels[severity];
  const sequence = ((entry.seq - 1) % SEQUENCE_MAX) + 1;
  return `<${priority}>1 ${entry.at.toISOString()} ${printable(hostname(), 255)} ${APP_NAME} ${process.pid} ${printable(entry.type, 32)} [meta sequenceId="${sequence}"] `;
}

/** `PRINTUSASCII`; a field that has none of it is `-`. */
function printable(text: string, max: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, max) || '-';
}
