/** The person at the console: who it is, and what their client would let them do. */
import type { z } from 'zod';
import type { Person } from '../seed.ts';
import type { Picking } from './elements.ts';
import type { Workspace } from './workspace.ts';

/** Something that Slack's own client would not let a person do; the console answers 400 with the reason. */
export class Impossible extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.name = 'Impossible';
    this.reason = reason;
  }
}

/** The console's argument, or an `Impossible` that names the field. */
export function fromConsole<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Impossible(`invalid_argument: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
}

export function personNamed(workspace: Workspace, name: string): Person {
  const person = workspace.directory.named(name);
  if (person === null) throw new Impossible(`no_such_person: ${name}`);
  return person;
}

export function picking(workspace: Workspace, offered: Record<string, unknown>[]): Picking {
  return {
    user: (name) => workspace.directory.named(name)?.slackId ?? null,
    conversation: (name) => (workspace.channels.get(name) ?? workspace.channelNamed(name))?.id ?? null,
    offered,
  };
}

/** The options in an answer to `block_suggestion`, groups flattened. */
export function optionsFrom(body: unknown): Record<string, unknown>[] {
  const answer = (body ?? {}) as { options?: unknown; option_groups?: { options?: unknown }[] };
  const lists = [answer.options, ...(answer.option_groups ?? []).map((group) => group.options)];
  return lists.flatMap((list) => (Array.isArray(list) ? (list as Record<string, unknown>[]) : []));
}
