// The types of the two unpackers of zip's rarer methods, as far as they are used: neither brings its own.

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

declare module "*/lzma1/lib/decoder.js" {
  export class Decoder {
    /** Takes the head of a .lzma: one byte of properties, the dictionary's size, and that of all. */
    initDecompression(
      input: { readByte(): number },
      output: { writeBytes(from: Uint8Array, offset: number, length: number): void },
    ): void;
    /** Unpacks one symbol: 1 is the end, -1 an error. */
    codeOneChunk(): 0 | 1 | -1;
    /** Writes what is unpacked and not yet written. */
    flush(): void;
    readonly nowPos64: bigint;
  }
}
