// The types of the unpacker of bzip2, as far as they are used: it brings none.

declare module "seek-bzip" {
  /** One bzip2 stream while it is unpacked. */
  class Bunzip {
    /** Reads the stream's head. @throws Error where it is none. */
    constructor(input: { read: typeof readBytes; readByte(): number }, output: ByteSink);
    /** Reads a block; false at the stream's end. @throws Error */
    _init_block(): boolean;
    /** Writes the block. @throws Error where its checksum is wrong. */
    _read_bunzip(): void;
    static Stream: new () => { read: typeof readBytes };
  }
  interface ByteSink {
    writeByte(byte: number): void;
  }
  function readBytes(buffer: Uint8Array, offset: number, length: number): number;
  export default Bunzip;
}
