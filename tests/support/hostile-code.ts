// Code that has ended or spoiled a service in the past, or might.

/** What it does, and the Python that does it; none of it ends Python itself when run as a program. */
export const hostileCode: readonly (readonly [what: string, code: string])[] = [
  // Signals
  [
    "a handler of SIGALRM that raises, before the end and after it",
    `import signal
def handler(*_): raise ValueError("alarm")
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)`,
  ],
  [
    "a handler that raises every microsecond",
    `import signal
def handler(*_): raise ValueError("alarm")
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 1e-6, 1e-6)`,
  ],
  // These two and the alarm below: late enough for the code itself to end before, however slowly. Where
  // one isn't taken back, it ends the service in one of the tests after its own.
  [
    "a watchdog of faulthandler that ends the process",
    "import faulthandler; faulthandler.dump_traceback_later(2, exit=True)",
  ],
  [
    "a limit of processor time",
    `import resource, time
hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 2, hard))`,
  ],
  ["stacks of threads that don't fit", "import threading; threading.stack_size(2**46)"],
  ["sys.path is no list", "import sys; sys.path = None"],
  ["sys.path deleted", "import sys; del sys.path"],
  [
    "names of modules that runs of code need",
    `import base64, importlib.util, io, tempfile, warnings
base64.b64encode = base64.b64decode = tempfile.SpooledTemporaryFile = None
io.TextIOWrapper = importlib.util.decode_source = warnings.catch_warnings = None`,
  ],
  ["an alarm with its default action", "import signal; signal.alarm(2)"],
  [
    "interrupt_main() during the run",
    `import _thread, threading, time
threading.Timer(0.05, _thread.interrupt_main).start()
time.sleep(1)`,
  ],
  [
    "interrupt_main() after the end",
    `import _thread, threading
for n in range(20): threading.Timer(0.01 * n, _thread.interrupt_main).start()`,
  ],
  ["interrupt_main() at the end", "import _thread; _thread.interrupt_main()"],
  [
    "every signal blocked",
    "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
  ],
  [
    "our signals' handlers taken away",
    `import signal
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGURG, signal.SIGPIPE):
    signal.signal(number, signal.SIG_DFL)`,
  ],
  ["no wake-up descriptor", "import signal; signal.set_wakeup_fd(-1)"],
  // Modules that the service uses
  ["json.dumps and json.loads", "import json; json.dumps = json.loads = None"],
  [
    "JSON's classes",
    `import json, json.decoder, json.encoder, json.scanner
def bad(*_a, **_k): raise SystemExit("json")
json.JSONEncoder.default = json.JSONEncoder.iterencode = json.JSONEncoder.encode = bad
json.JSONDecoder.decode = json.JSONDecoder.raw_decode = bad
json.JSONEncoder = json.JSONDecoder = json.encoder.c_make_encoder = None`,
  ],
  [
    "socket.socket replaced",
    `import socket
class Other(socket.socket):
    def __init__(self, *_args, **_kwargs): raise OSError("only through the proxy")
socket.socket = Other
socket.socketpair = socket.create_connection = socket.getaddrinfo = None`,
  ],
  [
    "methods of socket.socket replaced",
    `import socket
original = next(each for each in socket.socket.__mro__ if each.__name__ == "socket")
for name in ("accept", "close", "sendall", "recv", "send", "setblocking", "settimeout"):
    setattr(original, name, None)`,
  ],
  ["a default time-out of sockets", "import socket; socket.setdefaulttimeout(0.001)"],
  ["no selectors", "import select, selectors\nselectors.DefaultSelector = select.poll = None"],
  [
    "time's functions",
    "import time; time.sleep = time.monotonic = time.time = time.perf_counter = None",
  ],
  [
    "threading's names",
    `import threading
threading.Thread = threading.Event = threading.Lock = threading.current_thread = None
threading.main_thread = None`,
  ],
  ["functions of os", "import os\nos.getpid = os.fstat = os.close = os.dup = os.open = None"],
  [
    "logging",
    `import logging
logging.disable(); logging.raiseExceptions = True
class Bad(logging.Handler):
    def handle(self, record): raise SystemExit("log")
logging.getLogger().addHandler(Bad())
logging.getLogger("bld_remote_mcp").addHandler(Bad())
logging.disable(logging.NOTSET)
logging.getLogger("bld_remote_mcp").setLevel(1)
logging.Logger.isEnabledFor = None`,
  ],
  [
    "hooks for exceptions that raise",
    `import sys, threading
def bad(*_): raise SystemExit("hook")
sys.excepthook = threading.excepthook = sys.unraisablehook = bad`,
  ],
  ["warnings as errors", 'import warnings; warnings.simplefilter("error")'],
  // The interpreter
  ["a tiny recursion limit", "import sys; sys.setrecursionlimit(60)"],
  ["a huge switch interval", "import sys; sys.setswitchinterval(1e6)"],
  ["streams that are None", "import sys; sys.stdout = sys.stderr = sys.stdin = None"],
  [
    "streams that are closed",
    "import sys\nfor each in (sys.__stdout__, sys.__stderr__, sys.__stdin__): each.close()",
  ],
  ["builtins.print deleted", "import builtins; del builtins.print"],
  [
    "many builtins deleted",
    "import builtins\nfor name in [n for n in vars(builtins) if n != '__import__']: delattr(builtins, name)",
  ],
  [
    "trace and profile functions of threads that raise",
    `import threading
def bad(*_): raise KeyboardInterrupt("trace")
threading.settrace(bad); threading.setprofile(bad)`,
  ],
  [
    "a finder that raises, and no path",
    `import sys
class Bad:
    def find_spec(self, *_): raise SystemExit("finder")
sys.meta_path.insert(0, Bad()); sys.path.clear()`,
  ],
  [
    "exceptions whose text raises",
    `class Bad(BaseException):
    def __str__(self): raise KeyboardInterrupt
    __repr__ = __str__
raise Bad`,
  ],
  ["SystemExit in a thread", "import sys, threading\nthreading.Thread(target=sys.exit).start()"],
  [
    "a folder that has gone",
    "import os, tempfile\nwith tempfile.TemporaryDirectory() as d: os.chdir(d)",
  ],
  [
    "limits of memory, files and descriptors",
    `import resource
for name in ("RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_NOFILE"):
    number = getattr(resource, name)
    resource.setrlimit(number, (3, resource.getrlimit(number)[1]))`,
  ],
  // Descriptors
  ["descriptors 0 to 2 closed", "import os\nfor n in range(3): os.close(n)"],
  ["descriptors closed as daemons do", "import os; os.closerange(3, 256)"],
  ["all descriptors closed", "import os; os.closerange(0, 256)"],
  [
    "all descriptors closed, and their numbers taken",
    "import os\nos.closerange(3, 256)\nkept = [open(os.devnull) for _ in range(40)]",
  ],
  [
    "only the sockets that listen closed",
    `import os, socket
for n in range(3, 256):
    try: s = socket.socket(fileno=n)
    except OSError: continue
    listens = s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    s.detach()
    if listens: os.close(n)`,
  ],
  [
    "modules of ours gone",
    "import sys\nfor m in list(sys.modules):\n    if 'bld_remote' in m: del sys.modules[m]",
  ],
  ["all modules gone", "import sys\nfor m in list(sys.modules): del sys.modules[m]"],
];
