// Bytes that scripts in Blender give, in base64.

import * as v from "valibot";

/** Text in base64, as the bytes that it means. */
export const base64Schema = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return Uint8Array.fromBase64(dataset.value);
    } catch {
      addIssue({ label: "base64" });
      return NEVER;
    }
  }),
);
