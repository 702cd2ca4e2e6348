import { type Logger as BoltLogger, LogLevel } from '@slack/bolt';
import type { Logger } from 'pino';

/** The Slack SDK's logger on ours. By itself it prints to stdout and stderr, past level and format. */
export function boltLogger(log: Logger): BoltLogger {
  const at =
    (level: 'trace' | 'debug' | 'warn' | 'error') =>
    (...parts: unknown[]) =>
      log[level](
        { from: 'slack sdk' },
        parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' '),
      );
  return {
    debug: at('trace'),
    // What it tells of connecting is news to somebody who debugs only.
    info: at('debug'),
    warn: at('warn'),
    error: at('error'),
    setLevel: () => {},
    // Pino leaves out what is below its own level.
    getLevel: () => (log.isLevelEnabled('trace') ? LogLevel.DEBUG : LogLevel.INFO),
    setName: () => {},
  };
}
