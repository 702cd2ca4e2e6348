import { z } from 'zod';

/** `too short` and not the value: messages about secrets never repeat them. */
export const long = (min: number) => z.string().trim().min(min, `is too short: at least ${min} characters`);
export const text = z.string().trim().min(1);
export const url = z.url({ protocol: /^https?$/ }).transform((value) => value.replace(/\/+$/, ''));

/** Several while one takes over from another. */
export const secrets = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((secret) => secret.trim())
      .filter((secret) => secret !== ''),
  )
  .pipe(z.array(long(16)).min(1));

const ISSUERS_RULE = 'must be issuer=https://…, several with a comma between, or a JSON object of them';

/** Whoever can change the keys on their way could speak for the issuer: HTTPS, but on this machine. */
export const issuers = z
  .string()
  .transform((value, context) => {
    try {
      const pairs: [string, unknown][] = value.trim().startsWith('{')
        ? Object.entries(JSON.parse(value))
        : value
            .split(',')
            .filter((pair) => pair.trim() !== '')
            .map((pair) => {
              const [, issuer = '', jwksUrl = ''] = /^\s*([^=]*)=\s*(.*?)\s*$/.exec(pair) ?? [];
              return [issuer.trim(), jwksUrl];
            });
      return pairs.map(([issuer, jwksUrl]) => ({ issuer, jwksUrl }));
    } catch {
      context.addIssue({ code: 'custom', message: ISSUERS_RULE });
      return z.NEVER;
    }
  })
  .pipe(
    z
      .array(
        z.object({
          issuer: z.string().min(1, ISSUERS_RULE),
          jwksUrl: z
            .string(ISSUERS_RULE)
            .refine((at) => URL.canParse(at) && (/^https:/i.test(at) || isLoopback(at)), ISSUERS_RULE),
        }),
      )
      .min(1, ISSUERS_RULE),
  );

export function isLoopback(address: string): boolean {
  return URL.canParse(address) && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(address).hostname);
}
