#!/usr/bin/env bash
# While data that came with an MPTCP connection's SYN (TCP Fast Open) are unread, SIOCINQ and TCP_INQ say that 2147483647 bytes can be read.
#
# SIOCINQ (FIONREAD is the same request) says how many bytes wait in a socket, and the control message TCP_INQ how many are left after a recvmsg(). For
# MPTCP, mptcp_inq_hint() (net/mptcp/protocol.c) takes the connection's ack_seq minus the map_seq of the first packet in the queue, and INT_MAX if that
# is more. But the data of a SYN have no place among MPTCP's sequence numbers (RFC 8684, B.2), so mptcp_fastopen_subflow_synack_set_params() (fastopen.c)
# gives them minus their length, in 32 bits. ack_seq begins at a hash of the peer's key, 64 bits long, so the difference is nearly always beyond INT_MAX,
# whatever else has arrived, until the last byte of the SYN's data is read. Then the numbers are right. The reads themselves return what is there.
#
# The program in the guest sends 100 bytes, with the SYN or after it, and 50 more. The accepting end asks for the number of unread bytes after each step,
# and reads 40, 60, and the rest: from TCP with Fast Open, from MPTCP without it, and from MPTCP with it. The first two have the same, right numbers.
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU; seen with 7.3.4, too. 7.2.13 has the same lines; 6.1 has no Fast Open for MPTCP. Needs apt-get,
# dpkg-deb, gcc and qemu-system-x86_64. Exits with 0 if this is still so.
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

gcc -static -Os -Wall -o guest/bin/unread -x c - <<'C'
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
enum { MPTCP = 262 };
static int unread(int socket) {
    int bytes = -1;
    if (ioctl(socket, SIOCINQ, &bytes)) perror("SIOCINQ");
    return bytes;
}
/* Reads so many bytes, and says what TCP_INQ and then SIOCINQ have for what remains. */
static void reads(const char *name, int socket, size_t bytes) {
    char data[200];
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
    struct msghdr message = {.msg_iov = &(struct iovec){data, bytes}, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT);
    struct cmsghdr *note = CMSG_FIRSTHDR(&message);
    int says = -1;
    if (note && note->cmsg_type == TCP_CM_INQ) memcpy(&says, CMSG_DATA(note), sizeof says);
    printf("%s, %zd are read: TCP_INQ %d, SIOCINQ %d\n", name, got, says, unread(socket));
}
static void run(const char *name, int protocol, int port, int with_syn) {
    int listener = socket(AF_INET, SOCK_STREAM, protocol), client = socket(AF_INET, SOCK_STREAM, protocol), yes = 1;
    struct sockaddr_in at = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}};
    struct tcp_info info;
    char data[100] = "";
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, 8)) perror("listen");
    if (!with_syn && connect(client, (void *)&at, sizeof at)) perror("connect");
    if (sendto(client, data, 100, with_syn ? MSG_FASTOPEN : 0, (void *)&at, sizeof at) != 100) perror("sendto");
    int accepted = accept(listener, 0, 0);
    if (setsockopt(accepted, IPPROTO_TCP, TCP_INQ, &yes, sizeof yes)) perror("TCP_INQ");
    if (getsockopt(client, IPPROTO_TCP, TCP_INFO, &info, &(socklen_t){sizeof info})) perror("TCP_INFO");
    usleep(100000);
    printf("%s, 100 are sent%s: SIOCINQ %d\n", name, info.tcpi_options & TCPI_OPT_SYN_DATA ? " with the SYN" : "", unread(accepted));
    if (send(client, data, 50, 0) != 50) perror("send");
    usleep(100000);
    printf("%s, 50 more are sent: SIOCINQ %d\n", name, unread(accepted));
    reads(name, accepted, 40);
    reads(name, accepted, 60);
    reads(name, accepted, 60);
}
int main(void) {
    run("TCP", IPPROTO_TCP, 5001, 1);
    run("MPTCP", MPTCP, 5002, 0);
    run("MPTCP", MPTCP, 5003, 1);
}
C
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc
ip link set lo up
echo $((1 | 2 | 4 | 512 | 1024)) >/proc/sys/net/ipv4/tcp_fastopen
unread
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -cpu qemu64,-cx16 -m 512 \
    -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep TCP)
echo "$seen"
numbers() { printf '%s\n' "$1, 100 are sent$2: SIOCINQ $3" "$1, 50 more are sent: SIOCINQ $4" "$1, 40 are read: TCP_INQ $5, SIOCINQ $5" \
    "$1, 60 are read: TCP_INQ 50, SIOCINQ 50" "$1, 50 are read: TCP_INQ 0, SIOCINQ 0"; }
expected="$(numbers TCP " with the SYN" 100 150 110; numbers MPTCP "" 100 150 110; numbers MPTCP " with the SYN" 2147483647 2147483647 2147483647)"
[ "$seen" = "$expected" ] || { echo "it has changed: the numbers of unread bytes are others"; exit 1; }
