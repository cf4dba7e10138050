#!/usr/bin/env bash
# SOCK_DESTROY for a connection that is no longer there succeeds, and ends the socket that listens on its port.
#
# SOCK_DESTROY names a socket as inet_diag does: by addresses, ports, and a cookie, which may be INET_DIAG_NOCOOKIE. The addresses and ports of both
# ends name one connection, so if that has just ended, one expects ENOENT. But inet_diag_find_one_icsk() (net/ipv4/inet_diag.c) looks the socket up as an
# arriving packet would be: if there is no such connection, by __inet_lookup_listener(). So tcp_diag_destroy() (tcp_diag.c) gets the listener,
# and ends that one: the service is gone, though its process lives. `ss -K` is not affected, since it sends the cookie of what it has listed.
# Whoever ends subflows of MPTCP by what an event of the path manager says of them has only addresses and ports. There tcp_abort_override()
# (net/mptcp/subflow.c) spares what listens, and the answer for a subflow that is gone is EINVAL.
#
# The program in the guest accepts a connection, and asks for the end of the accepted socket: without a cookie while it is there, which ends it; with
# its cookie when it is gone, which finds nothing; and without one again, which ends the listener. Then it does so with MPTCP (without the
# second step: an MPTCP socket has another cookie than its subflows).
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU. Needs apt-get, dpkg-deb, gcc and qemu-system-x86_64. Exits with 0 if this is still so.
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

gcc -static -Os -Wall -o guest/bin/destroy -x c - <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static struct sockaddr_in of(int socket, int (*name)(int, struct sockaddr *, socklen_t *)) {
    struct sockaddr_in at;
    name(socket, (void *)&at, &(socklen_t){sizeof at});
    return at;
}
/* Asks for the end of the TCP socket between two addresses, and returns what the kernel answers. */
static int destroy(struct sockaddr_in local, struct sockaddr_in peer, uint64_t cookie) {
    struct { struct nlmsghdr header; struct inet_diag_req_v2 request; } ask = {
        {sizeof ask, SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK},
        {AF_INET, IPPROTO_TCP, .idiag_states = -1, .id = {local.sin_port, peer.sin_port, {local.sin_addr.s_addr}, {peer.sin_addr.s_addr},
            .idiag_cookie = {cookie, cookie >> 32}}}};
    struct { struct nlmsghdr header; struct nlmsgerr error; char rest[512]; } answer;
    int diag = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    if (send(diag, &ask, sizeof ask, 0) < 0 || recv(diag, &answer, sizeof answer, 0) < 0) return perror("netlink"), -1;
    close(diag);
    return -answer.error.error;
}
/* What a client and the listener say of each other. */
static void listens(const char *name, int protocol, int listener, struct sockaddr_in at) {
    int client = socket(AF_INET, SOCK_STREAM, protocol);
    const char *connected = connect(client, (void *)&at, sizeof at) ? strerrorname_np(errno) : "yes";
    struct pollfd ready = {listener, POLLIN};
    int accepted = poll(&ready, 1, 1000) > 0 ? accept(listener, 0, 0) : (errno = EAGAIN, -1);
    printf("%s: a client connects: %s, the listener accepts: %s\n", name, connected, accepted < 0 ? strerrorname_np(errno) : "yes");
    close(client), close(accepted);
}
static void run(const char *name, int protocol, int port) {
    int listener = socket(AF_INET, SOCK_STREAM, protocol), client = socket(AF_INET, SOCK_STREAM, protocol);
    struct sockaddr_in at = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}};
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, 8) || connect(client, (void *)&at, sizeof at)) perror(name);
    int accepted = accept(listener, 0, 0);
    struct sockaddr_in peer = of(accepted, getpeername);
    uint64_t cookie, none = -1;
    getsockopt(accepted, SOL_SOCKET, SO_COOKIE, &cookie, &(socklen_t){sizeof cookie});
    printf("%s: the connection: %s\n", name, strerrorname_np(destroy(at, peer, none)));
    close(accepted), close(client);
    listens(name, protocol, listener, at);
    if (protocol == IPPROTO_TCP) printf("%s: again, with its cookie: %s\n", name, strerrorname_np(destroy(at, peer, cookie)));
    listens(name, protocol, listener, at);
    printf("%s: again, without: %s\n", name, strerrorname_np(destroy(at, peer, none)));
    listens(name, protocol, listener, at);
}
int main(void) {
    run("TCP", IPPROTO_TCP, 5001);
    run("MPTCP", 262, 5002);
}
C
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc
insmod /inet_diag.ko; insmod /tcp_diag.ko
ip link set lo up
destroy
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin
for module in inet_diag tcp_diag; do guest/bin/busybox xzcat place/usr/lib/modules/*/kernel/net/ipv4/$module.ko.xz >"guest/$module.ko"; done
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -cpu qemu64,-cx16 -m 512 \
    -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep 'TCP:')
echo "$seen"
is() { [[ $seen == *"$1"* ]] || { echo "it has changed: $2"; exit 1; }; }
open='a client connects: yes, the listener accepts: yes'
is "TCP: the connection: 0
TCP: $open
TCP: again, with its cookie: ENOENT
TCP: $open
" "a connection does not end alone, or its cookie finds something else"
is 'TCP: again, without: 0
TCP: a client connects: ECONNREFUSED, the listener accepts: EINVAL' "the listener lives"
is "MPTCP: again, without: EINVAL
MPTCP: $open" "an MPTCP listener is answered for otherwise"
