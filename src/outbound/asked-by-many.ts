import DataLoader from 'dataloader';

/** So few that ask at the same time wait for nobody. */
const FEW = 8;
/** While so many are being answered about one subject, others who come by the dozen wait for the next turn. */
const ENOUGH = 10;

type Answers<Value> = readonly (Value | Error)[];
type Waiting<Asked, Value> = {
  asked: Asked;
  resolve: (value: Value) => void;
  reject: (error: unknown) => void;
};
type Subject<Asked, Value> = { underWay: number; waiting: Waiting<Asked, Value>[] };

/**
 * A question that many pieces of work ask about one subject, such as who is in a group. `answerAll` answers those that
 * are asked together, in their order. They are those of one turn of the event loop. While many are being answered, the
 * next ones gather: a long list is then read once for all of them, and not by several at the same time. What is answered
 * was always read after it was asked.
 */
export function askedByMany<Asked, Value>(
  subjectOf: (asked: Asked) => string,
  answerAll: (asked: readonly Asked[]) => Promise<Answers<Value>>,
): (asked: Asked) => Promise<Value> {
  const subjects = new Map<string, Subject<Asked, Value>>();

  function comes(key: string, asked: readonly Asked[]): Promise<Value>[] {
    const subject = subjects.get(key) ?? { underWay: 0, waiting: [] };
    subjects.set(key, subject);
    const came: Waiting<Asked, Value>[] = [];
    const answers = asked.map(
      (one) => new Promise<Value>((resolve, reject) => came.push({ asked: one, resolve, reject })),
    );
    if (asked.length < FEW) void answer(key, subject, came);
    else {
      subject.waiting.push(...came);
      goOn(key, subject);
    }
    return answers;
  }

  function goOn(key: string, subject: Subject<Asked, Value>): void {
    if (subject.waiting.length > 0 && subject.underWay < ENOUGH)
      void answer(key, subject, subject.waiting.splice(0));
    else if (subject.underWay === 0) subjects.delete(key);
  }

  async function answer(
    key: string,
    subject: Subject<Asked, Value>,
    some: readonly Waiting<Asked, Value>[],
  ): Promise<void> {
    subject.underWay += some.length;
    try {
      const answers = await answerAll(some.map(({ asked }) => asked));
      for (const [n, { resolve, reject }] of some.entries()) {
        const value = answers[n] as Value | Error;
        if (value instanceof Error) reject(value);
        else resolve(value);
      }
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
    subject.underWay -= some.length;
    goOn(key, subject);
  }

  const asking = new DataLoader<Asked, { value: Promise<Value> }>(
    async (all) => {
      const values: Promise<Value>[] = [];
      for (const [key, some] of Map.groupBy(all.entries(), ([, asked]) => subjectOf(asked))) {
        const answers = comes(
          key,
          some.map(([, asked]) => asked),
        );
        for (const [at, [n]] of some.entries()) values[n] = answers[at] as Promise<Value>;
      }
      return values.map((value) => {
        // It may fail before whoever asked has come to look.
        value.catch(() => {});
        return { value };
      });
    },
    { cache: false },
  );
  return async (asked) => await (await asking.load(asked)).value;
}
