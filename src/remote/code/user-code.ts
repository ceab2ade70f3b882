// A program of the user's, as it is sent to Blender.

/** What a user wants to run. */
export interface UserCode {
  /** As it stands in the file: Python itself finds out its encoding. */
  source: Uint8Array;
  /** Shown in tracebacks as the code's file: an absolute path, `<string>` or `<stdin>`. */
  name: string;
  /** The code's `sys.argv`. */
  argv: readonly string[];
  /** The code's `sys.path[0]`: the folder of its file, links followed; else empty. */
  path0: string;
  /** What others read who ask what Blender does: `execute t.py`; at most 200 characters. */
  title: string;
}
