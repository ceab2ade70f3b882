#!/bin/sh
# Keeps a Windows (Wine, in the folder of another Debian) until stdin ends; tells when it is there.
#   windows_machine.sh SYSTEM TEMPLATE CHANGES SHARED…
# Its drives are TEMPLATE, with whatever is changed kept in CHANGES (TEMPLATE itself is written where
# that is empty). SHARED are the folders of this side that it sees at the same place, on its drive Z.
# Mounts and processes are in namespaces of their own: however this ends, both end with it.
set -eu
exec unshare --mount --pid --fork --kill-child /bin/sh -euc '
  system=$0
  template=$1
  changes=$2
  shift 2
  read -r pid rest </proc/self/stat

  for folder in /dev /sys /tmp "$@"; do
    if [ "$folder" -ef "$system$folder" ]; then continue; fi
    mkdir -p "$system$folder"
    mount --rbind "$folder" "$system$folder"
  done
  mount -t proc proc "$system/proc"
  # Where wineservers meet their programs.
  mkdir -p /tmp/.wine-0
  mount -t tmpfs -o mode=700 tmpfs "$system/tmp/.wine-0"
  mkdir -p "$system/wine"
  if [ -z "$changes" ]; then
    mount --bind "$template" "$system/wine"
  else
    mkdir -p "$changes/files" "$changes/work"
    layers="lowerdir=$template,upperdir=$changes/files,workdir=$changes/work,redirect_dir=on"
    mount -t overlay -o "$layers" overlay "$system/wine"
  fi
  exec /usr/sbin/chroot "$system" /bin/sh -c "echo $pid; exec cat"
' "$@"
