#!/bin/sh
# Runs a command in a user namespace in which the kernel starts programs for Linux on arm64 by an
# interpreter, also those that other programs start; nothing else on the machine sees that.
#
# arm64_namespace.sh INTERPRETER PROGRAM ARGS…
set -eu
if [ "${1:-}" != --inside ]; then
  exec unshare --user --map-root-user --mount "$0" --inside "$@"
fi
interpreter=$2
shift 2
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
# An ELF file of 64 bits, little-endian, to be executed, for EM_AARCH64 (183); P passes argv[0] on.
magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
printf '%s' ":arm64:M:0:$magic:$mask:$interpreter:P" >/proc/sys/fs/binfmt_misc/register
exec "$@"
