// Whether this session can show Blender's window.

import { Failure } from "../../failure.ts";
import { ours, type Text, text } from "../../text.ts";

const inBackground = text`start it without a window: ${ours("start", "--background")}`;

/**
 * @param otherwise what to do where there is none; shown as the hint.
 * @throws Failure `no-display`, kind `usage`, where a window is wanted and can't be shown.
 */
export function requireDisplay(background: boolean, otherwise: Text = inBackground): void {
  if (background || process.platform === "win32" || process.platform === "darwin") return;
  if (process.env["DISPLAY"] || process.env["WAYLAND_DISPLAY"]) return;
  throw new Failure(
    "no-display",
    "there is no display for Blender's window (DISPLAY and WAYLAND_DISPLAY are not set)",
    {
      kind: "usage",
      hint: otherwise,
    },
  );
}
