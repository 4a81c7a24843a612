#!/bin/bash
# Builds the boot image's initramfs: busybox, network drivers, phase-agent and the keys it trusts.
# usage: build-boot.sh KERNEL_DIR AGENT_DIR TRUST_DIR OUT
# TRUST_DIR: *.pub files (PEM or key ids) to pin, *.addr files with bootstrap nodes of the DHT; may be empty, then phase.trust= and
# phase.bootstrap= on the command line are all there is.
source "$(dirname "$0")/lib.sh"
kernel=$1 agent=$2 trust=$3 out=$4
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{proc,sys,dev,run,tmp,root,etc/phase/{trust.d,bootstrap.d}}
add_busybox "$root"
add_modules "$root" "$kernel" virtio_pci virtio_net virtio_rng
install -m 0644 "$here/common/phase.sh" "$root/lib/phase/phase.sh"
install -m 0755 "$here/common/udhcpc.script" "$root/lib/phase/udhcpc.script"
install -m 0755 "$here/boot/init" "$root/init"

install -m 0755 "$agent/phase-agent" "$root/bin/phase-agent"
add_libraries "$root" "$agent/phase-agent" /usr/sbin/kexec
add_dotnet_libraries "$root"
install -m 0755 /usr/sbin/kexec "$root/bin/kexec"
for key in ${trust:+"$trust"/*.pub}; do
    [ ! -e "$key" ] || install -m 0644 "$key" "$root/etc/phase/trust.d/"
done
for peers in ${trust:+"$trust"/*.addr}; do
    [ ! -e "$peers" ] || install -m 0644 "$peers" "$root/etc/phase/bootstrap.d/"
done

pack_cpio "$root" "$out"
