// Whether two paths name one place.

/** Compares absolute paths in which links have been followed; Windows takes them in any case. */
export function samePath(
  one: string,
  other: string,
  platform: NodeJS.Platform = process.platform,
): boolean {
  return one === other || (platform === "win32" && one.toLowerCase() === other.toLowerCase());
}
