import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { serviceArchive } from "../../../../src/local/service/service-archive.ts";
import { serviceFiles, serviceModule } from "../../../../src/local/service/service-files.ts";

const source = join(import.meta.dir, "../../../../src/service", serviceModule);

test("the executable carries every file of the service as it is", async () => {
  const names = (await readdir(source)).filter((name) => name !== "__pycache__").sort();
  expect(Object.keys(serviceFiles).sort()).toEqual(names);
  for (const name of names) {
    expect(serviceFiles[name]).toBe(await readFile(join(source, name), "utf8"));
  }
});

test("the archive holds the folder's own entry first, then the files", () => {
  const archive = serviceArchive({ "b.py": "b = 'ä'\n", "__init__.py": "" });
  const entries = unzipSync(archive);
  expect(Object.keys(entries)).toEqual([
    "bld_remote_mcp/",
    "bld_remote_mcp/__init__.py",
    "bld_remote_mcp/b.py",
  ]);
  expect(new TextDecoder().decode(entries["bld_remote_mcp/b.py"])).toBe("b = 'ä'\n");
});

test("the archive is the same bytes each time", () => {
  expect(serviceArchive()).toEqual(serviceArchive());
});
