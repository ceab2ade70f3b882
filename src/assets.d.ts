declare module "*.py" {
  /** The file's text, embedded at build time (`with { type: "text" }`). */
  const text: string;
  export default text;
}
