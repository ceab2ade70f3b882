import { expect, test } from "bun:test";
import { requireFreePort } from "../../../src/cmd/_port.ts";

test("an address that this machine doesn't have isn't asked, and no port in use", async () => {
  const elsewhere = requireFreePort({ host: "192.0.2.1", port: 6688 }, AbortSignal.timeout(30_000));
  await expect(elsewhere).rejects.toMatchObject({
    code: "bad-address",
    exitCode: 2,
    message: expect.stringContaining("doesn't have that address"),
  });
});
