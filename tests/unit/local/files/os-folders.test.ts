import { expect, test } from "bun:test";
import { join } from "node:path";
import { ownFolders } from "../../../../src/local/files/os-folders.ts";

test("Linux: the XDG folders, and what stands for them", () => {
  expect(ownFolders({ HOME: "/home/me" }, "linux")).toEqual({
    config: join("/home/me/.config/blender-remote"),
    logs: join("/home/me/.local/state/blender-remote"),
    cache: join("/home/me/.cache/blender-remote-cli"),
    state: join("/home/me/.local/state/blender-remote-cli"),
  });
  const env = { HOME: "/h", XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "/s", XDG_CACHE_HOME: "/k" };
  expect(ownFolders(env, "linux")).toEqual({
    config: join("/c/blender-remote"),
    logs: join("/s/blender-remote"),
    cache: join("/k/blender-remote-cli"),
    state: join("/s/blender-remote-cli"),
  });
});

test("a relative or empty XDG folder is ignored", () => {
  const env = { HOME: "/h", XDG_CONFIG_HOME: "c", XDG_STATE_HOME: "", XDG_CACHE_HOME: "./k" };
  expect(ownFolders(env, "linux")).toEqual(ownFolders({ HOME: "/h" }, "linux"));
});

test("macOS: the folders below Library", () => {
  expect(ownFolders({ HOME: "/Users/me" }, "darwin")).toEqual({
    config: join("/Users/me/Library/Application Support/blender-remote"),
    logs: join("/Users/me/Library/Logs/blender-remote"),
    cache: join("/Users/me/Library/Caches/blender-remote-cli"),
    state: join("/Users/me/Library/Application Support/blender-remote-cli"),
  });
});

test("Windows: the local AppData, told or below the profile", () => {
  const expected = {
    config: join("/L/blender-remote/blender-remote"),
    logs: join("/L/blender-remote/blender-remote/Logs"),
    cache: join("/L/blender-remote-cli/Cache"),
    state: join("/L/blender-remote-cli/State"),
  };
  expect(ownFolders({ LOCALAPPDATA: "/L" }, "win32")).toEqual(expected);
  expect(ownFolders({ USERPROFILE: "/U" }, "win32").config).toBe(
    join("/U/AppData/Local/blender-remote/blender-remote"),
  );
});
