#!/usr/bin/env bash
# Once the peer has ended its stream, FIONREAD (SIOCINQ) of an MPTCP socket says one byte more than can be read.
#
# Of a TCP socket it is the number of bytes that wait, and 0 at the end of the stream (tcp(7); tcp_inq() in include/net/tcp.h takes the FIN away again). For MPTCP
# Linux answers what it would tell by TCP_INQ, which counts the end so that a program goes on to read it (mptcp_inq_hint() in net/mptcp/protocol.c): 6 after 5 bytes
# and the end, and 1 for ever when all is read. A program that waits for as many bytes as it was told waits in vain.
#
# The program in the guest writes 5 bytes, ends the stream, and asks the other end before and after each step: with TCP and with MPTCP.
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU; seen with 6.18, too, and the 1 at the end also with 6.1, 7.2.13 and 7.3.4. Needs apt-get, dpkg-deb, gcc and
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

gcc -static -Os -Wall -o guest/bin/inq -x c - <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
enum { MPTCP = 262 };
static int waiting(int reader) {
    int bytes = -1;
    if (ioctl(reader, FIONREAD, &bytes)) perror("FIONREAD");
    return bytes;
}
static void until(int reader, int event) {
    struct pollfd polled = {reader, event};
    poll(&polled, 1, -1);
}
static void run(const char *name, int protocol, int port) {
    int listener = socket(AF_INET, SOCK_STREAM, protocol), writer = socket(AF_INET, SOCK_STREAM, protocol);
    struct sockaddr_in at = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}};
    char data[20];
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, 1) || connect(writer, (void *)&at, sizeof at)) perror("connect");
    int reader = accept(listener, NULL, NULL);
    if (write(writer, "hello", 5) != 5) perror("write");
    until(reader, POLLIN);
    printf("%s: %d wait", name, waiting(reader));
    shutdown(writer, SHUT_WR);
    until(reader, POLLRDHUP);
    printf(", with the end %d", waiting(reader));
    printf("; %zd are read", read(reader, data, sizeof data));
    printf(", then %d wait", waiting(reader));
    printf("; %zd are read", read(reader, data, sizeof data));
    printf(", and %d wait\n", waiting(reader));
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
inq
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -cpu qemu64,-cx16 -m 512 \
    -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep TCP)
echo "$seen"
expected="TCP: 5 wait, with the end 5; 5 are read, then 0 wait; 0 are read, and 0 wait
MPTCP: 5 wait, with the end 6; 5 are read, then 1 wait; 0 are read, and 1 wait"
[ "$seen" = "$expected" ] || { echo "it has changed: another number of bytes waits"; exit 1; }
