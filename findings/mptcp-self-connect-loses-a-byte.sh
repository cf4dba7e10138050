#!/usr/bin/env bash
# An MPTCP socket that connects to itself, as TCP sockets can, does not read the first byte that it writes.
#
# TCP lets both ends of a connection connect at once (RFC 9293, section 3.5), and so a socket that is bound to the address to which it connects. For MPTCP
# Linux falls back to TCP then (counter SimultConnectFallback, subflow_state_change() in net/mptcp/subflow.c), and connect() succeeds. All that is written
# arrives, but for the first byte: there is no error, and nothing counts as dropped. The same was seen where two hosts connected to each other.
#
# The program in the guest binds a socket, connects it to its own address, writes "hello" and reads: with TCP and with MPTCP.
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU; seen with 6.18, 7.2.13 and 7.3.4, too, but not with 6.1. Needs apt-get, dpkg-deb, gcc and
# qemu-system-x86_64. Exits with 0 if this is still so.
set -euo pipefail
packages=(linux-image-6.12.117+deb13-cloud-amd64=6.12.117-1 busybox-static=1:1.37.0-6+b9)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir -p apt/lists/partial apt/cache/archives/partial guest/{bin,dev,proc,sys}
echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${MIRROR:-http://deb.debian.org/debian} trixie main" >apt/sources.list
apt_get() {
    apt-get -qq -o Dir::Cache="$scratch/apt/cache" -o Dir::State::Lists="$scratch/apt/lists" -o Dir::Etc::SourceList="$scratch/apt/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o APT::Architecture=amd64 -o APT::Sandbox::User="$(id -un)" "$@"
}
apt_get update
apt_get download "${packages[@]}"
for package in *.deb; do dpkg-deb -x "$package" place; done

gcc -static -Os -Wall -o guest/bin/itself -x c - <<'C'
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
enum { MPTCP = 262 };
static void run(const char *name, int protocol, int port) {
    int itself = socket(AF_INET, SOCK_STREAM, protocol);
    struct sockaddr_in at = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}};
    char data[20] = "";
    if (bind(itself, (void *)&at, sizeof at) || connect(itself, (void *)&at, sizeof at)) perror("connect");
    if (write(itself, "hello", 5) != 5) perror("write");
    ssize_t got = read(itself, data, sizeof data - 1);
    printf("%s reads %zd bytes: %s\n", name, got, data);
}
int main(void) {
    run("TCP", IPPROTO_TCP, 5001);
    run("MPTCP", MPTCP, 5002);
}
C
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc
ip link set lo up
itself
sed -n '/^MPTcpExt/p' /proc/net/netstat | awk 'NR == 1 { split($0, name) } NR == 2 { for (i = 2; i <= NF; i++) if (name[i] == "SimultConnectFallback") print "MPTCP counts " $i " simultaneous connect" }'
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -cpu qemu64,-cx16 -m 512 \
    -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep TCP)
echo "$seen"
expected="TCP reads 5 bytes: hello
MPTCP reads 4 bytes: ello
MPTCP counts 1 simultaneous connect"
[ "$seen" = "$expected" ] || { echo "it has changed: another number of bytes arrives"; exit 1; }
