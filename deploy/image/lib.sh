# Shared by the image builders: what goes into a root directory, and how one is packed. Sourced by bash scripts.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Copies a shared library and, for a program, everything it links against, to the same paths below ROOT.
# usage: add_libraries ROOT PROGRAM_OR_LIBRARY...
add_libraries() {
    local root=$1 file library
    shift
    for file in "$@"; do
        # ldd prints "name => /path (address)" or "/path (address)"; a static file prints neither.
        for library in $(ldd "$file" 2>/dev/null | grep -oE '/[^ ]+' || true); do
            add_file "$root" "$library"
        done
    done
}

# Copies one file, following links, to the same path below ROOT.
add_file() {
    local root=$1 file=$2
    [ -e "$root$file" ] || install -D -m 0755 "$(readlink -f "$file")" "$root$file"
}

# Finds a library by its soname in the linker's cache; a missing one names the Debian package.
# usage: library_path SONAME DEBIAN_PACKAGE
library_path() {
    local path
    path=$(/sbin/ldconfig -p | awk -v name="$1" '$1 == name && /x86-64/ {print $NF; exit}')
    [ -n "$path" ] || { echo "image: $1 not found; install Debian's $2" >&2; exit 1; }
    echo "$path"
}

# busybox, and a link for each of its programs.
add_busybox() {
    local root=$1 program
    install -D -m 0755 /usr/bin/busybox "$root/bin/busybox"
    for program in $(/usr/bin/busybox --list); do
        [ "$program" = busybox ] || ln -sf busybox "$root/bin/$program"
    done
}

# Kernel modules with what they depend on; the order to load them in goes to /lib/phase/modules.
# usage: add_modules ROOT KERNEL_DIR MODULE...
add_modules() {
    local root=$1 kernel=$2 version module path
    shift 2
    version=$(basename "$kernel"/lib/modules/*)
    mkdir -p "$root/lib/phase"
    for module in "$@"; do
        # Plain copies: stripping would drop the signatures.
        for path in $(modprobe -S "$version" -d "$kernel" --show-depends "$module" | awk '$1 == "insmod" {print $2}'); do
            install -D -m 0644 "$path" "$root/lib/phase/$(basename "$path")"
            grep -qx "$(basename "$path")" "$root/lib/phase/modules" 2>/dev/null || basename "$path" >>"$root/lib/phase/modules"
        done
    done
}

# Packs ROOT as a reproducible, gzip-compressed newc cpio: sorted, owned by root, dated 1 January 2000.
pack_cpio() {
    local root=$1 out=$2
    find "$root" -exec touch -h -d '2000-01-01T00:00:00Z' {} +
    (cd "$root" && find . -mindepth 1 -print0 | LC_ALL=C sort -z | cpio --null --quiet --create --format=newc --owner=0:0 --reproducible) |
        gzip -9n >"$out.new"
    mv "$out.new" "$out"
}

# What .NET loads by name at run time and ldd cannot see: OpenSSL for SHA-256, libsodium for Ed25519.
add_dotnet_libraries() {
    local root=$1 name
    for name in libssl.so.3 libcrypto.so.3; do
        add_file "$root" "$(library_path "$name" libssl3)"
    done
    add_file "$root" "$(library_path libsodium.so.23 libsodium23)"
}
