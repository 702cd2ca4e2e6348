/** People name their files as they like: what is no letter, digit, point or line is written by its bytes, as in addresses. */
export function safeName(file: string): string {
  return file.replaceAll(/[^\w.-]|^\./gu, (part) =>
    [...Buffer.from(part)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
