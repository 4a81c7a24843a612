# Shell functions of both init scripts and the booted system. Sourced by busybox sh.

# phase_parameter NAME: prints the value of NAME=value on the kernel command line; the last one wins.
phase_parameter() {
    local word value=
    for word in $(cat /proc/cmdline); do
        case "$word" in "$1="*) value=${word#*=} ;; esac
    done
    echo "$value"
}

# One line on the console, with the seconds since the kernel started: the timeline of a boot is read from these.
phase_say() {
    local up rest
    read -r up rest </proc/uptime
    echo "phase: [$up] $*"
}

phase_load_modules() {
    local module
    while read -r module; do
        insmod "/lib/phase/$module" 2>/dev/null || phase_say "module $module did not load; devices that need it are missing"
    done </lib/phase/modules
}

# Every interface but lo, with what tells a dead cable from a silent server.
phase_links() {
    local interface state
    for interface in /sys/class/net/*; do
        interface=${interface##*/}
        [ "$interface" = lo ] && continue
        case "$(cat "/sys/class/net/$interface/carrier" 2>/dev/null)" in 1) state="link up" ;; 0) state="no link" ;; *) state=down ;; esac
        echo "$interface $(cat "/sys/class/net/$interface/address") $state"
    done
}

# Brings up every interface but lo and asks all of them for a lease until one has it.
# usage: phase_network SECONDS; fails when no interface had a lease within about SECONDS.
phase_network() {
    local limit=$1 waited=0 interface
    mkdir -p /run/phase
    ip link set lo up
    while :; do
        for interface in /sys/class/net/*; do
            interface=${interface##*/}
            [ "$interface" = lo ] && continue
            [ -e "/run/phase/dhcp.$interface" ] && continue
            : >"/run/phase/dhcp.$interface"
            ip link set "$interface" up
            # Keeps asking: a switch port that blocks for 30 s after link-up, a DHCP server that starts after us.
            udhcpc -i "$interface" -s /lib/phase/udhcpc.script -t 8 -T 1 -A 3 -b -p "/run/phase/udhcpc.$interface.pid" >/dev/null 2>&1 &
        done
        [ -e /run/phase/network ] && return 0
        [ "$waited" -ge $((limit * 10)) ] && return 1
        usleep 100000
        waited=$((waited + 1))
    done
}
