/** One call of a Web API method: its arguments, and how it is answered. */
import type { World } from '../emulator.ts';
import type { SocketMode } from './socket-mode.ts';
import type { Workspace } from './workspace.ts';

export type Answer = { ok: true; [field: string]: unknown } | SlackError;
export type SlackError = { ok: false; error: string; [field: string]: unknown };

export function slackError(error: string, messages?: readonly string[]): SlackError {
  if (messages === undefined) return { ok: false, error };
  return {
    ok: false,
    error,
    errors: messages,
    response_metadata: { messages: messages.map((m) => `[ERROR] ${m}`) },
  };
}

/** The arguments of one call, from the query, a form body or a JSON body alike. */
export class Args {
  #raw: Record<string, unknown>;

  constructor(raw: Record<string, unknown>) {
    this.#raw = raw;
  }

  has(name: string): boolean {
    return this.#raw[name] !== undefined;
  }

  text(name: string): string | null {
    const value = this.#raw[name];
    if (value === undefined || value === null) return null;
    if (Array.isArray(value)) return value.join(',');
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }

  flag(name: string): boolean {
    const value = this.text(name);
    return value === 'true' || value === '1';
  }

  /** A number within bounds, or the default. */
  count(name: string, fallback: number, most: number): number {
    const value = Number(this.text(name) ?? fallback);
    return Number.isFinite(value) && value >= 1 ? Math.min(Math.floor(value), most) : fallback;
  }

  /** A structure, which forms carry as JSON text. `undefined` when it is no JSON. */
  structure(name: string): unknown {
    const value = this.#raw[name];
    if (typeof value !== 'string') return value ?? null;
    if (value === '') return null;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return undefined;
    }
  }
}

export type Call = {
  workspace: Workspace;
  world: World;
  sockets: SocketMode;
  args: Args;
  /** The write is to be lost: answer as if it had happened. */
  isDropped: boolean;
};
export type Method = (call: Call) => Answer;
