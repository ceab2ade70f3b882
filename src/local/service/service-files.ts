// Carries the service add-on's files in the executable.

import init from "../../service/bld_remote_mcp/__init__.py" with { type: "text" };
import admission from "../../service/bld_remote_mcp/admission.py" with { type: "text" };
import answers from "../../service/bld_remote_mcp/answers.py" with { type: "text" };
import api from "../../service/bld_remote_mcp/api.py" with { type: "text" };
import authentication from "../../service/bld_remote_mcp/authentication.py" with { type: "text" };
import blender from "../../service/bld_remote_mcp/blender.py" with { type: "text" };
import budget from "../../service/bld_remote_mcp/budget.py" with { type: "text" };
import capture from "../../service/bld_remote_mcp/capture.py" with { type: "text" };
import codeJobs from "../../service/bld_remote_mcp/code_jobs.py" with { type: "text" };
import commands from "../../service/bld_remote_mcp/commands.py" with { type: "text" };
import connection from "../../service/bld_remote_mcp/connection.py" with { type: "text" };
import descriptors from "../../service/bld_remote_mcp/descriptors.py" with { type: "text" };
import dispatch from "../../service/bld_remote_mcp/dispatch.py" with { type: "text" };
import execution from "../../service/bld_remote_mcp/execution.py" with { type: "text" };
import fileLock from "../../service/bld_remote_mcp/file_lock.py" with { type: "text" };
import framing from "../../service/bld_remote_mcp/framing.py" with { type: "text" };
import guiTimer from "../../service/bld_remote_mcp/gui_timer.py" with { type: "text" };
import interruption from "../../service/bld_remote_mcp/interruption.py" with { type: "text" };
import jobRequests from "../../service/bld_remote_mcp/job_requests.py" with { type: "text" };
import jobs from "../../service/bld_remote_mcp/jobs.py" with { type: "text" };
import jsonText from "../../service/bld_remote_mcp/json_text.py" with { type: "text" };
import limits from "../../service/bld_remote_mcp/limits.py" with { type: "text" };
import listener from "../../service/bld_remote_mcp/listener.py" with { type: "text" };
import log from "../../service/bld_remote_mcp/log.py" with { type: "text" };
import mainLoop from "../../service/bld_remote_mcp/main_loop.py" with { type: "text" };
import openFile from "../../service/bld_remote_mcp/open_file.py" with { type: "text" };
import outputLog from "../../service/bld_remote_mcp/output_log.py" with { type: "text" };
import ownership from "../../service/bld_remote_mcp/ownership.py" with { type: "text" };
import params from "../../service/bld_remote_mcp/params.py" with { type: "text" };
import partFile from "../../service/bld_remote_mcp/part_file.py" with { type: "text" };
import persist from "../../service/bld_remote_mcp/persist.py" with { type: "text" };
import program from "../../service/bld_remote_mcp/program.py" with { type: "text" };
import programEnd from "../../service/bld_remote_mcp/program_end.py" with { type: "text" };
import programFailure from "../../service/bld_remote_mcp/program_failure.py" with { type: "text" };
import programState from "../../service/bld_remote_mcp/program_state.py" with { type: "text" };
import programStreams from "../../service/bld_remote_mcp/program_streams.py" with { type: "text" };
import requestText from "../../service/bld_remote_mcp/request_text.py" with { type: "text" };
import runScript from "../../service/bld_remote_mcp/run_script.py" with { type: "text" };
import scene from "../../service/bld_remote_mcp/scene.py" with { type: "text" };
import screenshot from "../../service/bld_remote_mcp/screenshot.py" with { type: "text" };
import seldom from "../../service/bld_remote_mcp/seldom.py" with { type: "text" };
import sending from "../../service/bld_remote_mcp/sending.py" with { type: "text" };
import server from "../../service/bld_remote_mcp/server.py" with { type: "text" };
import settings from "../../service/bld_remote_mcp/settings.py" with { type: "text" };
import sockets from "../../service/bld_remote_mcp/sockets.py" with { type: "text" };
import surroundings from "../../service/bld_remote_mcp/surroundings.py" with { type: "text" };
import tokenFile from "../../service/bld_remote_mcp/token_file.py" with { type: "text" };
import uncached from "../../service/bld_remote_mcp/uncached.py" with { type: "text" };
import unregistering from "../../service/bld_remote_mcp/unregistering.py" with { type: "text" };
import upload from "../../service/bld_remote_mcp/upload.py" with { type: "text" };
import uploadFolder from "../../service/bld_remote_mcp/upload_folder.py" with { type: "text" };
import wakeup from "../../service/bld_remote_mcp/wakeup.py" with { type: "text" };

/** The service add-on's folder and module name, which is also the published one's. */
export const serviceModule = "bld_remote_mcp";

/** The service add-on's files by name, as the executable carries them. */
export const serviceFiles: Readonly<Record<string, string>> = {
  "__init__.py": init,
  "admission.py": admission,
  "answers.py": answers,
  "api.py": api,
  "authentication.py": authentication,
  "blender.py": blender,
  "sending.py": sending,
  "seldom.py": seldom,
  "limits.py": limits,
  "budget.py": budget,
  "capture.py": capture,
  "code_jobs.py": codeJobs,
  "commands.py": commands,
  "connection.py": connection,
  "descriptors.py": descriptors,
  "dispatch.py": dispatch,
  "execution.py": execution,
  "file_lock.py": fileLock,
  "framing.py": framing,
  "gui_timer.py": guiTimer,
  "interruption.py": interruption,
  "job_requests.py": jobRequests,
  "jobs.py": jobs,
  "json_text.py": jsonText,
  "listener.py": listener,
  "log.py": log,
  "main_loop.py": mainLoop,
  "open_file.py": openFile,
  "output_log.py": outputLog,
  "ownership.py": ownership,
  "params.py": params,
  "part_file.py": partFile,
  "persist.py": persist,
  "program.py": program,
  "program_end.py": programEnd,
  "program_failure.py": programFailure,
  "program_state.py": programState,
  "program_streams.py": programStreams,
  "request_text.py": requestText,
  "run_script.py": runScript,
  "scene.py": scene,
  "screenshot.py": screenshot,
  "server.py": server,
  "settings.py": settings,
  "sockets.py": sockets,
  "surroundings.py": surroundings,
  "token_file.py": tokenFile,
  "uncached.py": uncached,
  "unregistering.py": unregistering,
  "upload.py": upload,
  "upload_folder.py": uploadFolder,
  "wakeup.py": wakeup,
};
