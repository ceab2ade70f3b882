// A wheel on this machine, as a push takes it.

/** A complete wheel file on this machine. */
export interface Wheel {
  name: string;
  /** Local path. */
  path: string;
  /** Bytes. */
  size: number;
  /** Differs between two contents of one name; the part file's name contains it. */
  fingerprint: string;
  /** SHA-256 in lower-case hexadecimal, where it's known without reading the file. */
  knownSha256: string | undefined;
  /** The same, computed when it's needed. */
  sha256(): Promise<string>;
  /**
   * Why a wheel with this hash must not get its name, where what it should be is known: another one
   * is listed. undefined where nothing speaks against it.
   */
  refusal?(sha256: string): string | undefined;
}
