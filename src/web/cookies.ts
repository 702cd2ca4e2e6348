/** The value of a cookie that a browser sent; null: it sent none of this name. */
export function cookieIn(header: string | undefined, name: string): string | null {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}

/** Names of the cookies that a browser sent. */
export function namesIn(header: string | undefined): string[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at > 0 ? [pair.slice(0, at).trim()] : [];
  });
}

/**
 * The line that sets a cookie which no script reads. `Lax`, for the way back from a sign-in comes from the identity
 * provider's site; `Strict` would lose it. `seconds` 0: it is taken away.
 */
export function cookie(name: string, value: string, of: { seconds: number; isSecure: boolean }): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${of.seconds}${of.isSecure ? '; Secure' : ''}`;
}

/** With this prefix no other host of the domain can set it, and no plain connection carries it. */
export function cookieName(name: string, isSecure: boolean): string {
  return isSecure ? `__Host-${name}` : name;
}
