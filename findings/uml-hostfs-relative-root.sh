#!/usr/bin/env bash
# User-Mode Linux 7.2 cannot mount its hostfs below a relative path.
#
# hostfs=PATH is the host's directory that becomes the root of the guest's hostfs. With Linux 6.1 (Debian's 6.1um4) a path relative to the directory
# in which the kernel was started worked. Since hostfs uses statx(), the mount fails with EBADF: for the root directory it calls
# statx(-1, PATH, ...), and statx(2) ignores a descriptor of -1 only for absolute paths. The error names no file. An absolute path through
# /proc/self/cwd leads to the same directory, and works.
#
# Shown with Debian's user-mode-linux 7.2um1 and libc6 2.43-7 (sid), in a directory of its own. Needs apt-get, dpkg-deb, gcc, unshare, and
# root or user namespaces. Exits with 0 if this is still so.
set -euo pipefail
packages=(user-mode-linux=7.2um1 libc6=2.43-7)
mirror=${MIRROR:-http://deb.debian.org/debian}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir -p apt/lists/partial apt/cache/archives/partial
echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >apt/sources.list
apt_get() {
    apt-get -qq -o Dir::Cache="$scratch/apt/cache" -o Dir::State::Lists="$scratch/apt/lists" -o Dir::Etc::SourceList="$scratch/apt/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o APT::Architecture=amd64 -o APT::Sandbox::User="$(id -un)" "$@"
}
apt_get update
apt_get download "${packages[@]}"
for package in *.deb; do dpkg-deb -x "$package" place; done
[ -e place/lib64 ] || ln -s usr/lib64 place/lib64
[ -e place/lib ] || ln -s usr/lib place/lib

# The guest: a directory with a program that says that it was started.
mkdir -p place/{proc,dev,tmp} place/guest/dev
gcc -static -Os -o place/guest/init -x c - <<'C'
#include <stdio.h>
#include <sys/reboot.h>
int main(void) { puts("the guest runs"); fflush(stdout); return reboot(RB_POWER_OFF); }
C

boot() {
    # shellcheck disable=SC2016
    env -i PATH="$PATH" HOME=/tmp TMPDIR=/tmp timeout 120 unshare --user --map-root-user --mount sh -c '
        mount --rbind /proc place/proc && mount --rbind /dev place/dev &&
        exec chroot place linux.uml mem=128M root=/dev/root rootfstype=hostfs hostfs="$1" rw init=/init con=null con0=null,fd:1 panic=-1' \
        boot "$1" </dev/null 2>&1 | tr -d '\r' | grep -E '^Linux version|Mounted root|Cannot open root|^the guest runs' || true
}

relative=$(boot guest)
absolute=$(boot /guest)
printf 'hostfs=guest, started in /:\n%s\n\nhostfs=/guest:\n%s\n\n' "$relative" "$absolute"
[[ $relative == *"Cannot open root device"*"error -9"* && $relative != *"the guest runs"* ]] || { echo "it has changed: a relative path works, or fails otherwise"; exit 1; }
[[ $absolute == *"Mounted root (hostfs filesystem)"*"the guest runs"* ]] || { echo "it has changed: an absolute path does not work"; exit 1; }
through=$(boot /proc/self/cwd/guest)
printf 'hostfs=/proc/self/cwd/guest:\n%s\n' "$through"
[[ $through == *"the guest runs"* ]] || { echo "it has changed: a path through /proc/self/cwd does not work"; exit 1; }
