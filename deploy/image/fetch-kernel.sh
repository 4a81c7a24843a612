#!/bin/bash
# Fetches a Debian kernel package and unpacks it, without installing it.
# usage: fetch-kernel.sh FLAVOUR OUT     FLAVOUR: cloud-amd64 (virtual machines), amd64 (real hardware)
# OUT/vmlinuz and OUT/lib/modules/VERSION/ are complete, or OUT does not exist.
set -euo pipefail
flavour=$1
out=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package=$(apt-cache depends "linux-image-$flavour" 2>/dev/null | awk '/Depends: linux-image-/ {print $2; exit}')
if [ -z "$package" ]; then
    echo "fetch-kernel: apt knows no linux-image-$flavour; run 'apt-get update' as root first" >&2
    exit 1
fi
# apt's sandbox user cannot write below a private directory; the download is checked by apt all the same.
(cd "$work" && apt-get -o APT::Sandbox::User=root -qq download "$package")
dpkg-deb -x "$work"/*.deb "$work/tree"
version=$(basename "$work"/tree/lib/modules/*)
depmod -b "$work/tree" "$version"
mv "$work/tree/boot/vmlinuz-$version" "$work/tree/vmlinuz"
rm -rf "$out.new" "$out"
mkdir -p "$out.new" "$(dirname "$out")"
mv "$work/tree/vmlinuz" "$work/tree/lib" "$out.new/"
mv "$out.new" "$out"
echo "fetch-kernel: $package -> $out"
