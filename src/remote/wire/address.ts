// What an address says by itself.

/** Whether a host is this machine itself. */
export function isLoopback(host: string): boolean {
  return /^(127(\.\d+){3}|localhost|::1)$/.test(host);
}
