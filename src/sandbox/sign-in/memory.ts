import type { Adapter, AdapterPayload } from 'oidc-provider';

/** The memory of the sandbox's OpenID provider, in this process and as long as it runs. */
export function signInMemory(): (model: string) => Adapter {
  const kept = new Map<string, AdapterPayload>();
  const byUid = new Map<string, string>();
  return (model) => {
    const keyOf = (id: string) => `${model}:${id}`;
    const find = async (id: string) => kept.get(keyOf(id));
    return {
      find,
      async upsert(id, payload) {
        kept.set(keyOf(id), payload);
        if (model === 'Session' && payload.uid !== undefined) byUid.set(payload.uid, id);
      },
      async consume(id) {
        const payload = await find(id);
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1_000);
      },
      async destroy(id) {
        kept.delete(keyOf(id));
      },
      async revokeByGrantId(grantId) {
        for (const [key, { grantId: of }] of kept) if (of === grantId) kept.delete(key);
      },
      findByUid: async (uid) => await find(byUid.get(uid) ?? ''),
      findByUserCode: async () => undefined,
    };
  };
}
