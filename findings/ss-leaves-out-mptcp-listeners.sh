#!/usr/bin/env bash
# `ss -Ml` leaves out most MPTCP listeners of a server with many workers: of 20 sockets that listen at one address it shows 6.
#
# Servers open a listening socket for each worker (SO_REUSEPORT), and `ss -tl` lists each. For MPTCP the kernel remembers how many sockets of a chain it has
# listed, in case the answer is full and another one has to go on from there. But mptcp_diag_dump_listeners() (net/mptcp/mptcp_diag.c) writes that number
# down after every socket, also in the middle of an answer, counts again from 0, and then takes the sockets up to it for listed. So 1, 2, 3 and more are left out
# between two that are listed: of n sockets about the square root of 2n are shown. A monitor that counts listeners, or looks for one by its inode, is misled.
#
# The program in the guest opens 1, 2, 5 and 20 sockets at one address and asks for all that listen, as ss does (SOCK_DIAG_BY_FAMILY with
# INET_DIAG_REQ_PROTOCOL): those of TCP and those of MPTCP. (Each MPTCP listener is a TCP listener, too.)
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU; seen with 6.1, 6.18, 7.2.13 and 7.3.4 and iproute2's ss, too. Needs apt-get, dpkg-deb, gcc,
# xz and qemu-system-x86_64. Exits with 0 if this is still so.
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

for module in inet_diag tcp_diag mptcp_diag; do
    find place -name "$module.ko.xz" -exec xz -dc {} + >"guest/$module.ko"
done

gcc -static -Os -Wall -o guest/bin/listeners -x c - <<'C'
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
enum { MPTCP = 262 };
static int listed(int protocol) {
    struct { struct nlmsghdr header; struct inet_diag_req_v2 request; struct nlattr attribute; unsigned protocol; } ask = {
        {sizeof ask, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
        {.sdiag_family = AF_INET, .sdiag_protocol = protocol & 0xff, .idiag_states = 1 << 10 /* TCP_LISTEN */},
        {8, INET_DIAG_REQ_PROTOCOL}, protocol};
    static char answer[1 << 16];
    int kernel = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG), sockets = 0;
    if (send(kernel, &ask, sizeof ask, 0) < 0) perror("send");
    for (;;) {
        int length = recv(kernel, answer, sizeof answer, 0);
        for (struct nlmsghdr *message = (void *)answer; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
            if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
                close(kernel);
                return message->nlmsg_type == NLMSG_DONE ? sockets : -1;
            }
            sockets++;
        }
    }
}
int main(void) {
    int counts[] = {1, 2, 5, 20}, opened = 0, yes = 1;
    struct sockaddr_in at = {AF_INET, htons(7000), {htonl(INADDR_LOOPBACK)}};
    for (int i = 0; i < 4; i++) {
        for (; opened < counts[i]; opened++) {
            int made = socket(AF_INET, SOCK_STREAM, MPTCP);
            if (setsockopt(made, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) || bind(made, (void *)&at, sizeof at) || listen(made, 1)) perror("listen");
        }
        printf("%d listen: TCP lists %d, MPTCP %d\n", opened, listed(IPPROTO_TCP), listed(MPTCP));
    }
}
C
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
ip link set lo up
for module in inet_diag tcp_diag mptcp_diag; do insmod /$module.ko; done
listeners
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -cpu qemu64,-cx16 -m 512 \
    -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep listen)
echo "$seen"
expected="1 listen: TCP lists 1, MPTCP 1
2 listen: TCP lists 2, MPTCP 2
5 listen: TCP lists 5, MPTCP 3
20 listen: TCP lists 20, MPTCP 6"
[ "$seen" = "$expected" ] || { echo "it has changed: other numbers of listeners are listed"; exit 1; }
