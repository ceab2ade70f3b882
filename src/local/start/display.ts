// Whether this session can show Blender's window.

import { Failure } from "../../failure.ts";
import { ours, text } from "../../text.ts";

/** Whether a window can be shown here; macOS and Windows don't say. */
export function hasDisplay(): boolean {
  if (process.platform === "win32" || process.platform === "darwin") return true;
  return Boolean(process.env["DISPLAY"] || process.env["WAYLAND_DISPLAY"]);
}

/** @throws Failure `no-display`, kind `usage`, where a window is wanted and can't be shown. */
export function requireDisplay(background: boolean): void {
  if (background || hasDisplay()) return;
  throw new Failure(
    "no-display",
    "there is no display for Blender's window (DISPLAY and WAYLAND_DISPLAY are not set)",
    {
      kind: "usage",
      hint: text`start it without a window: ${ours("start", "--background")}`,
    },
  );
}
