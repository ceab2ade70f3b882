// Reads ordinary YAML in a tenth of the time that a document with its lines and comments takes.

/** What Bun's parser takes otherwise than the library that edits the file: merge keys, directives. */
const unusual = /<<|^%|^---/m;

/**
 * The value of YAML text, for commands that only want to know what the configuration says.
 *
 * @returns undefined where the text isn't ordinary, or may be wrong: a closer look then says where.
 */
export function quickYaml(source: string): unknown {
  if (unusual.test(source)) return undefined;
  const keys = [...source.matchAll(/^[ \t]*([^\s#][^:\n]*):/gm)].map(([, key]) => key);
  // It takes the last of two keys with one name, which may be a mistake.
  if (new Set(keys).size < keys.length) return undefined;
  try {
    const value: unknown = Bun.YAML.parse(source);
    // Several documents, or a file that is a list.
    return Array.isArray(value) ? undefined : value;
  } catch {
    return undefined;
  }
}
