import { describe, expect, test } from "bun:test";
import { callWith, modulesOf, type Script } from "../../src/script.ts";

const lock: Script = { name: "file_lock.py", source: "lock" };
const names: Script = { name: "names.py", source: "names", modules: [lock] };
const script: Script = { name: "script.py", source: "script", modules: [names, lock] };

describe("the modules that a script brings", () => {
  test("each once, and behind those that it imports", () => {
    expect(modulesOf(script)).toEqual([lock, names]);
    expect(modulesOf(lock)).toEqual([]);
  });

  test("a call names what each of them imports", () => {
    expect(callWith(script, { one: 1 }, ({ source }) => ({ source }))).toEqual({
      name: "script.py",
      source: "script",
      arguments: { one: 1 },
      modules: [
        { name: "file_lock.py", source: "lock", imports: [] },
        { name: "names.py", source: "names", imports: ["file_lock"] },
      ],
    });
  });
});
