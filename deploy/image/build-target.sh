#!/bin/bash
# Builds a release's initramfs: just enough to mount the rootfs that phase-agent appends to it.
# usage: build-target.sh KERNEL_DIR OUT
source "$(dirname "$0")/lib.sh"
kernel=$1 out=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{proc,sys,dev,run,phase}
add_busybox "$root"
add_modules "$root" "$kernel" loop squashfs overlay
install -m 0644 "$here/common/phase.sh" "$root/lib/phase/phase.sh"
install -m 0755 "$here/target/init" "$root/init"
pack_cpio "$root" "$out"
