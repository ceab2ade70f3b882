/* blender.exe of the lab: Blender as a Python module behind a command line. As in the real one,
 * Python runs in this very process, out of the folder 5.0\python; bpy_launcher.py beside this file
 * reads the options. */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

/* The longest path that Windows takes. */
#define LONGEST 32768

typedef int (*MainFunction)(int, wchar_t **);
typedef void (*SetFunction)(const wchar_t *);

static wchar_t executable[LONGEST], folder[LONGEST];

static wchar_t *inside(const wchar_t *name) {
  wchar_t *path = calloc(LONGEST, sizeof(wchar_t));
  if (!path) exit(127);
  swprintf(path, LONGEST, L"%ls\\%ls", folder, name);
  return path;
}

static void *function(HMODULE library, const char *name) {
  void *found = (void *)GetProcAddress(library, name);
  if (found) return found;
  fprintf(stderr, "python311.dll has no %s\n", name);
  exit(127);
}

int wmain(int count, wchar_t **arguments) {
  GetModuleFileNameW(NULL, executable, LONGEST);
  wcscpy(folder, executable);
  *wcsrchr(folder, L'\\') = 0;

  /* What Python's library needs lies beside it, not beside blender.exe. */
  wchar_t *dll = inside(L"5.0\\python\\bin\\python311.dll");
  HMODULE library = LoadLibraryExW(dll, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
  if (!library) {
    fwprintf(stderr, L"%ls: error %lu\n", dll, GetLastError());
    return 127;
  }
  wchar_t *python = inside(L"5.0\\python\\bin\\python.exe");
  ((SetFunction)function(library, "Py_SetPythonHome"))(inside(L"5.0\\python"));
  ((SetFunction)function(library, "Py_SetProgramName"))(python);

  /* Isolated and in UTF-8 mode, as Blender runs its own Python. */
  wchar_t *first[] = {python, L"-I", L"-X", L"utf8", inside(L"bpy_launcher.py"), executable};
  int own = sizeof first / sizeof *first;
  wchar_t **all = calloc(own + count, sizeof *all);
  if (!all) return 127;
  memcpy(all, first, sizeof first);
  memcpy(all + own, arguments + 1, (count - 1) * sizeof *all);
  return ((MainFunction)function(library, "Py_Main"))(own + count - 1, all);
}
