import { z } from 'zod';
import type { ApproverRule, ApproverSource, StageRule } from '../core/policy/catalogue.ts';

const howMany = z.int().min(1).max(10);

/** How many of a source's own people it takes. */
const ownQuorum = { quorum: howMany.optional() };

const source = z.union(
  [
    z.literal('manager').transform((): ApproverSource => ({ manager: true })),
    z.literal('owner').transform((): ApproverSource => ({ owner: true })),
    z.literal('onCall').transform((): ApproverSource => ({ onCall: true })),
    z.literal('admins').transform((): ApproverSource => ({ admins: true })),
    z.strictObject({ person: z.email() }).transform((written): ApproverSource => written),
    z
      .strictObject({ group: z.string().min(1), ...ownQuorum })
      .transform((written): ApproverSource => withoutAbsent(written)),
  ],
  {
    error:
      'an approver is `manager`, `owner`, `onCall`, `admins`, `{ person: e-mail }` or `{ group: name }`; a group can take several: `{ group: name, quorum: 2 }`',
  },
);

export const sources = z.array(source).min(1);

const stage = {
  of: z.enum(['any', 'all']),
  quorum: howMany.default(1),
  sources,
  ping: sources.optional(),
};

/** One stage as it was always written, or several, each asked once the one before is approved. */
export const approvers = z
  .strictObject({
    of: stage.of.optional(),
    quorum: howMany.optional(),
    sources: sources.optional(),
    ping: stage.ping,
    stages: z.array(z.strictObject(stage)).min(1).max(5).optional().meta({
      description: 'Instead of `of` and `sources`: each is asked once the one before is approved',
    }),
    distinct: z.boolean().default(true).meta({
      description: 'Nobody counts in more than one stage; false: one approval counts in every stage',
    }),
    tell: sources.optional().meta({
      description: 'Who is only told of it: they see the card and may not decide',
    }),
  })
  .meta({ oneOf: [{ required: ['of', 'sources'] }, { required: ['stages'] }] })
  .transform(({ stages, distinct, tell, ...one }, context): ApproverRule => {
    const { of, quorum = 1, sources, ping } = one;
    const issue = (path: string[], message: string) => {
      context.addIssue({ code: 'custom', path, message });
      return z.NEVER;
    };
    if (stages !== undefined) {
      const [written] = Object.keys(one).filter((key) => one[key as keyof typeof one] !== undefined);
      return written === undefined
        ? ruleOf(stages, distinct, tell)
        : issue([written], 'it belongs into one of the `stages`: write it there');
    }
    if (of === undefined) return issue([], 'write `of: any` or `of: all`, and `sources`');
    if (sources === undefined) return issue([], 'write `sources`: who approves');
    return ruleOf([{ of, quorum, sources, ping }], distinct, tell);
  });

type Written = Omit<StageRule, 'ping'> & { ping?: ApproverSource[] | undefined };

function ruleOf(
  stages: readonly Written[],
  distinct: boolean,
  tell: ApproverSource[] | undefined,
): ApproverRule {
  return {
    stages: stages.map(({ ping, ...one }) => ({ ...one, ...(ping === undefined ? {} : { ping }) })),
    distinct,
    ...(tell === undefined ? {} : { tell }),
  };
}

/** A key that was not written is left out, not undefined: what the card showed is compared with what there is. */
function withoutAbsent<T extends { quorum?: number | undefined }>({ quorum, ...written }: T) {
  return { ...written, ...(quorum === undefined ? {} : { quorum }) };
}
