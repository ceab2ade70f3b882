import { expect, test } from "bun:test";
import { join } from "node:path";
import { toJsonSchema } from "@valibot/to-json-schema";
import { environmentSchema } from "../../../../src/remote/python/environment-schema.ts";

/** UPDATE_DOCS=1 writes it anew. */
test("docs/pkg-info.schema.json is made of the schema", async () => {
  const path = join(import.meta.dir, "../../../../docs/pkg-info.schema.json");
  const schema = toJsonSchema(environmentSchema);
  if (process.env["UPDATE_DOCS"]) await Bun.write(path, `${JSON.stringify(schema, null, 2)}\n`);
  const documented: unknown = await Bun.file(path).json();
  // If this differs: UPDATE_DOCS=1 bun test tests/unit/remote/python/environment-schema.test.ts
  expect(documented).toEqual(JSON.parse(JSON.stringify(schema)));
});
