import { describe, expect, test } from "bun:test";
import { ours, rendered, text } from "../../src/text.ts";

const flags = {
  service: ["--port", "6791"],
  configuration: ["--config", "'a b.yaml'"],
  profile: ["--profile", "p"],
  blender: ["--blender-exec", "b"],
};

describe("a text is rendered once, with the user's own flags", () => {
  test.each([
    ["words", "words"],
    [ours("status"), "blender-remote-cli status --port 6791 --config 'a b.yaml'"],
    [
      text`look with '${ours("status", "--wait", "60")}', or give up`,
      "look with 'blender-remote-cli status --port 6791 --config 'a b.yaml' --wait 60', or give up",
    ],
    [
      ours("pkg push", "WHEELS", "PATH…", "it's"),
      "blender-remote-cli pkg push --port 6791 --config 'a b.yaml' WHEELS PATH… 'it'\\''s'",
    ],
    [ours("init"), "blender-remote-cli init --config 'a b.yaml'"],
    [ours("install"), "blender-remote-cli install --config 'a b.yaml' --profile p"],
    [
      ours("start", "--detach"),
      "blender-remote-cli start --port 6791 --config 'a b.yaml' --profile p --detach",
    ],
    [
      ours("addon list"),
      "blender-remote-cli addon list --config 'a b.yaml' --profile p --blender-exec b",
    ],
  ])("%p", (value, expected) => {
    expect(rendered(value, flags)).toBe(expected);
  });

  test("texts go into texts, numbers too", () => {
    const way = text`run ${ours("pkg info")}`;
    expect(rendered(text`${way}; or ${3} more`)).toBe("run blender-remote-cli pkg info; or 3 more");
  });
});
