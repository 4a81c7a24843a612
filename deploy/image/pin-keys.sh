#!/bin/bash
# Makes a boot image that trusts your keys and knows your bootstrap nodes, without building one: appends an archive with them to the initramfs.
# usage: pin-keys.sh INITRAMFS FILE_OR_DIRECTORY... OUT
# FILE: a public key, *.pub (PEM or key id), or bootstrap nodes of the DHT, *.addr (a multiaddr a line).
source "$(dirname "$0")/lib.sh"
if [ $# -lt 3 ]; then
    sed -n 's/^# //p' "$0" >&2
    exit 2
fi
initramfs=$1 out=${*: -1}
shift
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/etc/phase/{trust.d,bootstrap.d}
shopt -s nullglob
while [ $# -gt 1 ]; do
    if [ -d "$1" ]; then files=("$1"/*.pub "$1"/*.addr); else files=("$1"); fi
    for file in "${files[@]}"; do
        name=$(basename "$file")
        case "$name" in
        *.addr)
            install -m 0644 "$file" "$root/etc/phase/bootstrap.d/$name"
            continue
            ;;
        esac
        if grep -q 'PRIVATE KEY' "$file"; then
            echo "pin-keys: $file is a private key; pin the public one (plasmd key show --public)" >&2
            exit 1
        fi
        install -m 0644 "$file" "$root/etc/phase/trust.d/${name%.pub}.pub"
    done
    shift
done
pack_cpio "$root" "$root.cpio"
# The kernel wants each archive to start at a multiple of four bytes.
padding=$(((4 - $(stat -c %s "$initramfs") % 4) % 4))
{ cat "$initramfs"; head -c "$padding" /dev/zero; cat "$root.cpio"; } >"$out.new"
rm -f "$root.cpio"
mv "$out.new" "$out"
