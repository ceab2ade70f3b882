// What a command that speaks to Blender shows of its waiting.

import { othersCode } from "../remote/service/others-code.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import type { WaitObserver } from "../remote/wire/waits.ts";
import { type Text, text } from "../text.ts";
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

  async during<T>(what: string, work: Promise<T>): Promise<T> {
    this.#named++;
    try {
      return await waiting(this.#output, what, work);
    } finally {
      this.#named--;
    }
  }

  answer<T>(request: Promise<T>): Promise<T> {
    const began = performance.now();
    return waiting(this.#output, () => this.#reason((performance.now() - began) / 1000), request);
  }

  /** @param waited for how long, in seconds. */
  async #reason(waited: number): Promise<Text | undefined> {
    const code = this.tells ? await othersCode(this.#endpoint, waited) : undefined;
    if (code !== undefined) {
      const title = code.title === "" ? "somebody's code" : code.title;
      const client = code.client === "" ? "" : ` (${code.client})`;
      return text`waiting for Blender, which runs ${title}${client}`;
    }
    const { host, port } = this.#endpoint;
    return this.#named > 0 ? undefined : text`waiting for an answer of ${host}:${port}`;
  }
}
