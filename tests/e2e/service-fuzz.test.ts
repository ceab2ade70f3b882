import { expect, test } from "bun:test";
import { everyBlender } from "../support/every-blender.ts";
import { runs } from "../support/process.ts";
import { expectSuccess, sandbox } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { wireProgram } from "../support/wire-programs.ts";

const total = 20_000;
const seed = Number(process.env["FUZZ_SEED"] ?? 20261126);
const share = Math.ceil(total / everyBlender.length / 2);

test.each(everyBlender)(
  `%s: twice ${share} inputs of seed ${seed}, and a good client beside them`,
  async (name, launcher) => {
    await using box = await sandbox();
    const own = seed + everyBlender.findIndex(([one]) => one === name);
    let { pid } = await startService(box, launcher);
    const first = await wireProgram("wire_fuzz", box, share, own);
    expect(await runs(pid)).toBe(true);
    // What was sent keeps it neither from ending nor from starting again.
    expectSuccess(await box.cli(["stop"]));
    pid = await startConfigured(box);
    const second = await wireProgram("wire_fuzz", box, share, own + 1000);
    expect(await runs(pid)).toBe(true);
    for (const { inputs, good_answers } of [first, second]) {
      expect(inputs).toBeGreaterThanOrEqual(share);
      expect(good_answers).toBeGreaterThan(20);
    }
    const said = await box.cli(["execute", "-c", "print(6 * 7)"]);
    expect(expectSuccess(said).stdout).toBe("42\n");
  },
  300_000,
);
