/* python.exe of the lab: python311.dll beside it holds everything, this calls it. */
#include <stdio.h>
#include <windows.h>

typedef int (*MainFunction)(int, wchar_t **);

int wmain(int count, wchar_t **arguments) {
  HMODULE python = LoadLibraryW(L"python311.dll");
  MainFunction python_main = python ? (MainFunction)(void *)GetProcAddress(python, "Py_Main") : NULL;
  if (!python_main) {
    fwprintf(stderr, L"python311.dll beside python.exe: error %lu\n", GetLastError());
    return 127;
  }
  return python_main(count, arguments);
}
