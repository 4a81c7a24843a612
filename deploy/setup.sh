#!/bin/bash
# Installs what PhaseMesh needs from Debian, if it is missing. Idempotent and non-interactive.
# usage: setup.sh [demo|test|bench]   (each includes the ones before it; default: demo)
# Without root it prints the one command that installs what is missing, and fails.
set -euo pipefail

purpose=${1:-demo}
demo=(busybox-static ca-certificates cpio curl dpkg gzip kexec-tools kmod libc-bin libsodium23 libssl3 make openssl postgresql procps qemu-system-x86 squashfs-tools)
test=(aria2 avahi-daemon avahi-utils bsdutils chromium dbus dnsmasq-base git golang-github-burntsushi-toml-dev iproute2 ipxe-qemu prometheus python3 python3-yaml python3-zeroconf systemd wget)
bench=(haproxy nginx-light squid wrk)
packages=("${demo[@]}")
case "$purpose" in
demo) ;;
test) packages+=("${test[@]}") ;;
bench) packages+=("${test[@]}" "${bench[@]}") ;;
*)
    echo "setup: expected demo, test or bench, found '$purpose'" >&2
    exit 2
    ;;
esac

# Node.js is often there already, and newer than Debian's.
if [ "$purpose" != demo ] && ! command -v npm >/dev/null; then
    packages+=(nodejs npm)
fi
if ! command -v apt-get >/dev/null; then
    echo "setup: this script knows Debian 12 and its relatives; install by hand: ${packages[*]}" >&2
    exit 1
fi
missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "setup: missing packages; run: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    echo "setup: installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi
# The kernel of the boot image is looked up in apt's lists, which a fresh machine may not have.
if [ -z "$(apt-cache depends linux-image-cloud-amd64 2>/dev/null)" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "setup: apt's package lists are empty; run: sudo apt-get update" >&2
        exit 1
    fi
    apt-get -qq update
fi

if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep -q '^10\.'; then
    echo "setup: the .NET 10 SDK is missing; Debian has no package of it: see https://learn.microsoft.com/dotnet/core/install/linux" >&2
    exit 1
fi
