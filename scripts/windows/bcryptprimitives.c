/* bcryptprimitives.dll of the lab, beside every program that Bun has made. Bun asks Windows for the
 * name of an open folder as \Device\HarddiskVolume1\x and opens what is in it below that name, which
 * Wine 10 can't; \??\C:\x is a name of the same folder and works. A DLL that Bun imports is the place
 * from where its own call can be led elsewhere; for the rest this one does what Wine's does. */
#include <windows.h>

/* RtlGenRandom, as the headers call it. */
BOOLEAN NTAPI SystemFunction036(void *buffer, ULONG size);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T size) {
  const ULONG most = 1 << 28;
  for (ULONG part; size > 0; data += part, size -= part) {
    part = size < most ? (ULONG)size : most;
    if (!SystemFunction036(data, part)) return FALSE;
  }
  return TRUE;
}

typedef DWORD(WINAPI *NameFunction)(HANDLE, WCHAR *, DWORD, DWORD);
static NameFunction wines_name;

static DWORD WINAPI name_of(HANDLE file, WCHAR *name, DWORD room, DWORD flags) {
  const DWORD kinds = VOLUME_NAME_NT | VOLUME_NAME_GUID | VOLUME_NAME_NONE;
  if ((flags & kinds) != VOLUME_NAME_NT) return wines_name(file, name, room, flags);
  DWORD length = wines_name(file, name, room, (flags & ~kinds) | VOLUME_NAME_DOS);
  /* \\?\C:\x becomes \??\C:\x; it isn't written where there was no room for it. */
  if (length > 4 && length < room && name[1] == L'\\' && name[2] == L'?') name[1] = L'?';
  return length;
}

/* Puts name_of into the program's table of what it imports from kernel32.dll. */
static void lead_elsewhere(BYTE *program) {
  IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(program + ((IMAGE_DOS_HEADER *)program)->e_lfanew);
  DWORD imports = headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
  wines_name = (NameFunction)(void *)GetProcAddress(GetModuleHandleW(L"kernel32.dll"),
                                                    "GetFinalPathNameByHandleW");
  if (!imports || !wines_name) return;
  for (IMAGE_IMPORT_DESCRIPTOR *library = (IMAGE_IMPORT_DESCRIPTOR *)(program + imports); library->Name;
       library++) {
    if (lstrcmpiA((char *)program + library->Name, "kernel32.dll") != 0) continue;
    for (ULONGLONG *entry = (ULONGLONG *)(program + library->FirstThunk); *entry; entry++) {
      if (*entry != (ULONGLONG)wines_name) continue;
      DWORD before;
      VirtualProtect(entry, sizeof *entry, PAGE_READWRITE, &before);
      *entry = (ULONGLONG)name_of;
      VirtualProtect(entry, sizeof *entry, before, &before);
    }
  }
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID reserved) {
  (void)self, (void)reserved;
  if (reason == DLL_PROCESS_ATTACH) lead_elsewhere((BYTE *)GetModuleHandleW(NULL));
  return TRUE;
}
