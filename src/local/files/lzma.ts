// Unpacks LZMA, in memory that is bounded by what comes out.

/*
 * Ours to write, because of what there is: lzma1 forgets its history where it hands out what it has,
 * and neither ends nor keeps within bounds on damaged data; LZMA-JS unpacks all in one go, in which no
 * Ctrl-C is heard. Source: Igor Pavlov, "LZMA specification", and its reference decoder.
 */

/** How many bytes are unpacked before others have their turn; a twentieth of a second or so. */
const bytesAtOnce = 512 * 1024;

/** A probability of one half, of 2048; how many bits shift it. */
const evenly = 1024;
const adaption = 5;

/** Of states, of positions that are told apart by their lowest bits, and of distances' slots. */
const states = 12;
const positions = 16;
const lengthStates = 4;
const slots = 64;
const slotsWithModel = 14;
const modelledDistances = 128;
const endMarker = 0xffff_ffff;

/** Where the probabilities of each kind begin, in one array: this many of them each. */
const sizes = {
  isMatch: states * positions,
  isRepeat: states,
  isRepeatLater: states,
  isRepeatThirdOrFourth: states,
  isRepeatFourth: states,
  isRepeatLong: states * positions,
  slot: lengthStates * slots,
  distance: 1 + modelledDistances - slotsWithModel,
  align: 16,
  length: 2 + positions * 8 * 2 + 256,
  repeatLength: 2 + positions * 8 * 2 + 256,
};

function offsets(): Record<keyof typeof sizes | "literal", number> {
  let at = 0;
  const next = (size: number) => {
    at += size;
    return at - size;
  };
  return {
    isMatch: next(sizes.isMatch),
    isRepeat: next(sizes.isRepeat),
    isRepeatLater: next(sizes.isRepeatLater),
    isRepeatThirdOrFourth: next(sizes.isRepeatThirdOrFourth),
    isRepeatFourth: next(sizes.isRepeatFourth),
    isRepeatLong: next(sizes.isRepeatLong),
    slot: next(sizes.slot),
    distance: next(sizes.distance),
    align: next(sizes.align),
    length: next(sizes.length),
    repeatLength: next(sizes.repeatLength),
    literal: at,
  };
}

const from = offsets();

function senseless(): Error {
  return new Error("its data make no sense");
}

/** Reads the numbers that LZMA's range coder has written. */
class RangeDecoder {
  readonly probabilities: Uint16Array;
  readonly #bytes: Uint8Array;
  #at = 0;
  #range = 0xffff_ffff;
  #code = 0;

  constructor(bytes: Uint8Array, probabilities: number) {
    this.probabilities = new Uint16Array(probabilities).fill(evenly);
    this.#bytes = bytes;
    if (this.#next() !== 0) throw senseless();
    for (let count = 0; count < 4; count++) this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  #next(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error("it is cut off");
    return byte;
  }

  #normalize(): void {
    if (this.#range >= 0x100_0000) return;
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  /** A bit, by the probability at a place. */
  bit(at: number): number {
    const probability = this.probabilities[at] ?? evenly;
    const bound = (this.#range >>> 11) * probability;
    const isOne = this.#code >= bound;
    if (isOne) {
      this.#range -= bound;
      this.#code -= bound;
      this.probabilities[at] = probability - (probability >>> adaption);
    } else {
      this.#range = bound;
      this.probabilities[at] = probability + ((2048 - probability) >>> adaption);
    }
    this.#normalize();
    return isOne ? 1 : 0;
  }

  /** A number of this many bits that are evenly likely. */
  plain(bits: number): number {
    let value = 0;
    for (let count = 0; count < bits; count++) {
      this.#range >>>= 1;
      const isOne = this.#code >= this.#range;
      if (isOne) this.#code -= this.#range;
      this.#normalize();
      value = value * 2 + (isOne ? 1 : 0);
    }
    return value;
  }

  /** A number by a tree of probabilities, its highest bit first. */
  tree(at: number, bits: number): number {
    let node = 1;
    for (let count = 0; count < bits; count++) node = node * 2 + this.bit(at + node);
    return node - (1 << bits);
  }

  /** The same, its lowest bit first. */
  reversed(at: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let count = 0; count < bits; count++) {
      const bit = this.bit(at + node);
      node = node * 2 + bit;
      value |= bit << count;
    }
    return value;
  }
}

/** One stream on its way into memory. */
class Unpacking {
  readonly #out: Uint8Array;
  readonly #coder: RangeDecoder;
  readonly #literalBits: number;
  readonly #literalMask: number;
  readonly #positionMask: number;
  #at = 0;
  #state = 0;
  /** How far back the last four matches began, less one. */
  #back: [number, number, number, number] = [0, 0, 0, 0];
  ended = false;

  constructor(packed: Uint8Array, properties: number, size: number) {
    const positionBits = Math.floor(properties / 45);
    if (positionBits > 4) throw senseless();
    this.#literalBits = properties % 9;
    const literalPositionBits = Math.floor(properties / 9) % 5;
    this.#literalMask = (1 << literalPositionBits) - 1;
    this.#positionMask = (1 << positionBits) - 1;
    const literals = 0x300 << (this.#literalBits + literalPositionBits);
    this.#coder = new RangeDecoder(packed, from.literal + literals);
    this.#out = new Uint8Array(size);
    this.ended = size === 0;
  }

  /** The next bytes; at least one, unless it ends here. */
  piece(): Uint8Array {
    const begin = this.#at;
    const until = Math.min(begin + bytesAtOnce, this.#out.length);
    while (this.#at < until && !this.ended) this.#step();
    if (this.#at === this.#out.length) this.ended = true;
    return this.#out.slice(begin, this.#at);
  }

  /** Unpacks a literal or a match; each is a byte or more, but for the mark of the end. */
  #step(): void {
    const coder = this.#coder;
    const position = this.#at & this.#positionMask;
    if (coder.bit(from.isMatch + this.#state * positions + position) === 0) {
      this.#literal();
      return;
    }
    const length =
      coder.bit(from.isRepeat + this.#state) === 1 ? this.#repeat(position) : this.#match(position);
    if (length > 0) this.#copy(length);
  }

  #literal(): void {
    const coder = this.#coder;
    const before = this.#out[this.#at - 1] ?? 0;
    const place = (this.#at & this.#literalMask) << this.#literalBits;
    const base = from.literal + 0x300 * (place + (before >>> (8 - this.#literalBits)));
    let symbol = 1;
    if (this.#state >= 7) {
      let expected = this.#out[this.#at - this.#back[0] - 1] ?? 0;
      while (symbol < 0x100) {
        const likely = (expected >>> 7) & 1;
        expected <<= 1;
        const bit = coder.bit(base + ((1 + likely) << 8) + symbol);
        symbol = symbol * 2 + bit;
        if (bit !== likely) break;
      }
    }
    while (symbol < 0x100) symbol = symbol * 2 + coder.bit(base + symbol);
    this.#out[this.#at++] = symbol;
    this.#state -= this.#state < 4 ? this.#state : this.#state < 10 ? 3 : 6;
  }

  /** A match that begins as far back as one of the last four; its length. */
  #repeat(position: number): number {
    const coder = this.#coder;
    const state = this.#state;
    const [first, second, third, fourth] = this.#back;
    if (coder.bit(from.isRepeatLater + state) === 0) {
      if (coder.bit(from.isRepeatLong + state * positions + position) === 0) {
        this.#state = state < 7 ? 9 : 11;
        return 1;
      }
    } else if (coder.bit(from.isRepeatThirdOrFourth + state) === 0) {
      this.#back = [second, first, third, fourth];
    } else if (coder.bit(from.isRepeatFourth + state) === 0) {
      this.#back = [third, first, second, fourth];
    } else {
      this.#back = [fourth, first, second, third];
    }
    this.#state = state < 7 ? 8 : 11;
    return this.#length(from.repeatLength, position) + 2;
  }

  /** A match that says how far back it begins; its length, 0 for the mark of the end. */
  #match(position: number): number {
    const [first, second, third] = this.#back;
    const length = this.#length(from.length, position);
    this.#state = this.#state < 7 ? 7 : 10;
    const distance = this.#distance(length);
    this.#back = [distance, first, second, third];
    if (distance !== endMarker) return length + 2;
    this.ended = true;
    return 0;
  }

  #length(at: number, position: number): number {
    const coder = this.#coder;
    const trees = at + 2;
    if (coder.bit(at) === 0) return coder.tree(trees + position * 8, 3);
    if (coder.bit(at + 1) === 0) return 8 + coder.tree(trees + (positions + position) * 8, 3);
    return 16 + coder.tree(trees + positions * 16, 8);
  }

  #distance(length: number): number {
    const coder = this.#coder;
    const slot = coder.tree(from.slot + Math.min(length, lengthStates - 1) * slots, 6);
    if (slot < 4) return slot;
    const bits = (slot >>> 1) - 1;
    const start = (2 + (slot & 1)) * 2 ** bits;
    if (slot < slotsWithModel) return start + coder.reversed(from.distance + start - slot, bits);
    return start + coder.plain(bits - 4) * 16 + coder.reversed(from.align, 4);
  }

  #copy(length: number): void {
    const out = this.#out;
    const back = this.#back[0] + 1;
    if (back > this.#at) throw senseless();
    if (length > out.length - this.#at) throw new Error("it holds more than it says");
    for (let count = 0; count < length; count++) {
      out[this.#at] = out[this.#at - back] ?? 0;
      this.#at += 1;
    }
  }
}

/**
 * Unpacks a stream of LZMA (version 1), without a head of its own.
 *
 * @param properties how many bits of the context and position count, as its first byte tells.
 * @param size how many bytes come out; more are an error, fewer are where it marks its end.
 * @throws Error where it is cut off, or damaged so far that it can't be unpacked.
 */
export function* unpackLzma(
  packed: Uint8Array,
  properties: number,
  size: number,
): Generator<Uint8Array> {
  const unpacking = new Unpacking(packed, properties, size);
  while (!unpacking.ended) yield unpacking.piece();
}
