// The Python that runs a program as Python does: the service's, brought along to other servers.

import type { Script } from "../../script.ts";
import programSource from "../../service/bld_remote_mcp/program.py" with { type: "text" };
import endSource from "../../service/bld_remote_mcp/program_end.py" with { type: "text" };
import failureSource from "../../service/bld_remote_mcp/program_failure.py" with { type: "text" };
import stateSource from "../../service/bld_remote_mcp/program_state.py" with { type: "text" };
import streamsSource from "../../service/bld_remote_mcp/program_streams.py" with { type: "text" };

/** Runs code as the module `__main__`, with Python's own streams, ends and exit status. */
export const program: Script = {
  name: "program.py",
  source: programSource,
  modules: [
    { name: "program_end.py", source: endSource },
    { name: "program_failure.py", source: failureSource },
    { name: "program_state.py", source: stateSource },
    { name: "program_streams.py", source: streamsSource },
  ],
};
