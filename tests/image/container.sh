#!/bin/sh
# Becomes /byodc as a container of the image would run it, where no container engine is at hand:
#
#   unshare --user --map-root-user --mount --pid --fork --kill-child sh container.sh ROOT BINARY ARGUMENTS…
#
# ROOT is an empty folder. In it stands what the image's base has, and nothing else: the C library, the certificates,
# /dev, /proc and an empty /tmp. Nothing but /tmp can be written, the user is one that nobody has heard of, without any
# capability, and the process is number 1. The network stays the machine's.
set -eu
root=$1
binary=$2
shift 2

mount -t tmpfs -o size=64m,mode=755 root "$root"

# The libraries that the base image has. A binary that needs another one does not start.
ldd "$binary" | grep -o '/[^ ]*' | grep -E '/(libc|libm|libgcc_s|ld-linux[^/]*)\.so\.[0-9]+$' | while read -r library; do
    mkdir -p "$root${library%/*}"
    cp -L "$library" "$root$library"
done
mkdir -p "$root/etc/ssl/certs" "$root/dev" "$root/proc" "$root/tmp"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp /etc/hosts /etc/nsswitch.conf "$root/etc/"

for device in null urandom; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=64m,mode=1777 tmp "$root/tmp"
touch "$root/byodc"
mount --bind "$binary" "$root/byodc"
mount -o remount,ro "$root"

exec unshare --user --map-user=4242 --map-group=4242 --root="$root" --wd=/ /byodc "$@"
