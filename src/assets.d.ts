// The types of files that are embedded in the executable.

declare module "*.py" {
  /** The file's text, embedded at build time (`with { type: "text" }`). */
  const text: string;
  export default text;
}

declare module "*.txt" {
  /** The file's text, embedded at build time (`with { type: "text" }`). */
  const text: string;
  export default text;
}

declare module "*.whl" {
  /** Path of the embedded file, which only Bun can read (`with { type: "file" }`). */
  const path: string;
  export default path;
}
