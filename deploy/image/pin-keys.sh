#!/bin/bash
# Makes a boot image that trusts your keys, without building one: appends an archive with the keys to the initramfs.
# usage: pin-keys.sh INITRAMFS KEY_OR_DIRECTORY... OUT       (public keys: *.pub, PEM or key ids)
source "$(dirname "$0")/lib.sh"
if [ $# -lt 3 ]; then
    sed -n 's/^# //p' "$0" >&2
    exit 2
fi
initramfs=$1 out=${*: -1}
shift
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/etc/phase/trust.d"
while [ $# -gt 1 ]; do
    if [ -d "$1" ]; then keys=("$1"/*.pub); else keys=("$1"); fi
    for key in "${keys[@]}"; do
        if grep -q 'PRIVATE KEY' "$key"; then
            echo "pin-keys: $key is a private key; pin the public one (plasmd key show --public)" >&2
            exit 1
        fi
        name=$(basename "$key")
        install -m 0644 "$key" "$root/etc/phase/trust.d/${name%.pub}.pub"
    done
    shift
done
pack_cpio "$root" "$root.cpio"
# The kernel wants each archive to start at a multiple of four bytes.
padding=$(((4 - $(stat -c %s "$initramfs") % 4) % 4))
{ cat "$initramfs"; head -c "$padding" /dev/zero; cat "$root.cpio"; } >"$out.new"
rm -f "$root.cpio"
mv "$out.new" "$out"
