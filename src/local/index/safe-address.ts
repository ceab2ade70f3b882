// Which addresses nobody on the way can put something else in the place of.

/** Whether an address is of https, or of http on this machine. */
export function isSafeAddress({ protocol, hostname }: URL): boolean {
  const isOwn = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return protocol === "https:" || (protocol === "http:" && isOwn);
}
