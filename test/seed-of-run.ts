/**
 * What this run's requests are made from: FC_SEED, else another one each time. It is printed, so that whatever fails, it
 * can be had again.
 */
export function seedOfRun(what: string): number {
  const seed = Number(process.env.FC_SEED ?? Date.now() % 1_000_000);
  process.stdout.write(`${what}: FC_SEED=${seed}\n`);
  return seed;
}
