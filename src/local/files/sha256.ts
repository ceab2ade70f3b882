// Computes the SHA-256 of a local file.

/** The SHA-256 of a local file, in lower-case hexadecimal; its size doesn't matter for memory. */
export async function sha256Of(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}
