// Which of a file's hashes is checked.

/** Those that may be trusted, the usual one first; MD5 and SHA-1 can be forged. */
const trusted = ["sha256", "sha384", "sha512"] as const;

/** The name of a hash that is trusted. */
export type Algorithm = (typeof trusted)[number];

/** The hash to check a file by; undefined where none is told that can be trusted. */
export function bestHash(
  hashes: Readonly<Record<string, string>>,
): { algorithm: Algorithm; hash: string } | undefined {
  for (const algorithm of trusted) {
    const hash = hashes[algorithm];
    if (hash !== undefined) return { algorithm, hash };
  }
  return undefined;
}
