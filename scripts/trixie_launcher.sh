#!/bin/sh
# Runs the Blender of another Debian, which lies in a folder, as if it were installed here: same
# working folder, environment and process id. The mounts that this takes are in a namespace of this
# process alone: nothing outside ever sees them, and they end with it.
system='@SYSTEM@'

exec unshare --mount /bin/sh -euc '
  system=$0
  # The folders that both sides share. The last ones are most often below an earlier one.
  for folder in /tmp /dev /proc "$HOME" "${TMPDIR:-/tmp}" "${system%/*/*}" "$PWD"; do
    case $folder in
      / | /usr | /usr/* | /etc | /etc/* | /bin | /sbin | /lib*) continue ;;
      /*) ;;
      *) continue ;;
    esac
    [ -d "$folder" ] || continue
    # Already there, through a folder above it?
    if [ "$folder" -ef "$system$folder" ]; then continue; fi
    mkdir -p "$system$folder"
    mount --rbind "$folder" "$system$folder"
  done
  exec /usr/sbin/chroot "$system" /bin/sh -c '\''
    cd "$1" 2>/dev/null || cd /
    shift
    exec blender "$@"
  '\'' sh "$PWD" "$@"
' "$system" "$@"
