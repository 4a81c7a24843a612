#!/bin/bash
# Builds a release's rootfs: a zstd squashfs with busybox, network drivers and plasmd.
# usage: build-rootfs.sh KERNEL_DIR PLASMD_DIR OUT
source "$(dirname "$0")/lib.sh"
kernel=$1 plasmd=$2 out=$3
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{proc,sys,dev,run,tmp,root,phase,etc,sbin,opt/plasm,var/lib/plasm}
chmod 1777 "$root/tmp"
add_busybox "$root"
add_modules "$root" "$kernel" virtio_pci virtio_net virtio_rng
install -m 0644 "$here/common/phase.sh" "$root/lib/phase/phase.sh"
install -m 0755 "$here/common/udhcpc.script" "$root/lib/phase/udhcpc.script"
install -m 0755 "$here/rootfs/init" "$root/sbin/init"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"

cp -a "$plasmd/." "$root/opt/plasm/"
find "$root/opt/plasm" \( -name '*.pdb' -o -name '*.xml' \) -delete
add_libraries "$root" "$plasmd/plasmd"
find "$plasmd" -name '*.so' -print0 | while IFS= read -r -d '' library; do add_libraries "$root" "$library"; done
add_dotnet_libraries "$root"
for name in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2; do
    add_file "$root" "$(library_path "$name" libc6)"
done

rm -f "$out.new"
SOURCE_DATE_EPOCH=946684800 mksquashfs "$root" "$out.new" -comp zstd -Xcompression-level 15 -all-root -no-progress -quiet -noappend >/dev/null
mv "$out.new" "$out"
