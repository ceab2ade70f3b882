// What a command that speaks to Blender shows of its waiting.

import { othersCode } from "../remote/service/others-code.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import { addressOf } from "../remote/wire/failures.ts";
import type { WaitObserver } from "../remote/wire/waits.ts";
import type { Output } from "../ui/output.ts";
import { waiting } from "../ui/waiting.ts";

/** Shows what a command waits for; of a service that can be asked also whose code that is. */
export class Waits implements WaitObserver {
  readonly #output: Output;
  readonly #endpoint: Endpoint;
  /** Whether our service is there, which tells what it does while Blender is busy. */
  tells = false;
  /** How many things are said to be under way, so that a mere answer isn't worth a word. */
  #named = 0;

  constructor(output: Output, endpoint: Endpoint) {
    this.#output = output;
    this.#endpoint = endpoint;
  }

  async during<T>(what: string | (() => string), work: Promise<T>): Promise<T> {
    this.#named++;
    try {
      const words = typeof what === "string" ? what : async () => what();
      return await waiting(this.#output, words, work);
    } finally {
      this.#named--;
    }
  }

  answer<T>(request: Promise<T>): Promise<T> {
    const mere = `waiting for an answer of ${addressOf(this.#endpoint)}`;
    return this.#request(request, () => (this.#named > 0 ? undefined : mere));
  }

  turn<T>(request: Promise<T>): Promise<T> {
    return this.#request(request, () => undefined);
  }

  /** @param otherwise what is said where it isn't other code that it waits for. */
  #request<T>(request: Promise<T>, otherwise: () => string | undefined): Promise<T> {
    const began = performance.now();
    const reason = async () => {
      const code = this.tells ? await othersCode(this.#endpoint, began) : undefined;
      return code === undefined ? otherwise() : `waiting for Blender, which runs ${code}`;
    };
    return waiting(this.#output, reason, request);
  }
}
