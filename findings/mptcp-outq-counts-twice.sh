#!/usr/bin/env bash
# On an MPTCP socket that has fallen back to TCP, SIOCOUTQ counts what was just written twice, and SIOCOUTQNSD counts what has been sent, too.
#
# On a TCP socket, SIOCOUTQ says how many bytes the peer has not acknowledged, and SIOCOUTQNSD how many have not been sent (tcp_ioctl(), net/ipv4/tcp.c).
# For MPTCP, mptcp_ioctl_outq() (net/mptcp/protocol.c) takes the connection's write_seq minus its snd_una, or minus its snd_nxt for SIOCOUTQNSD. If the
# connection has fallen back it adds, to either, the first subflow's write_seq minus that one's snd_una. But only when the next segment comes from the
# peer does mptcp_incoming_options() (options.c) set the connection's snd_una to snd_nxt. Until then, bytes that the subflow has got are counted twice.
# (There is one more before the first segment: for the handshake __mptcp_sync_state(), subflow.c, moves write_seq by one, but after a fallback nothing
# moves snd_una.) When a segment has come, SIOCOUTQ is right. SIOCOUTQNSD is not: it counts what is sent until it is acknowledged.
#
# The guest's client writes 32728 bytes over a link with a delay of 300 ms in each direction (netem): from TCP to TCP, from MPTCP to MPTCP, and from
# MPTCP to TCP, which falls back. It asks for the numbers before, at once, and after the first ACK. "TCP has unsent" is tcpi_notsent_bytes of TCP_INFO,
# for MPTCP of its first subflow. Without a fallback SIOCOUTQ is right, and SIOCOUTQNSD says what no subflow has got yet, which is nothing here.
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU; seen with 7.3.4, too. 6.1.176 and 7.2.13 have the same function. Needs apt-get, dpkg-deb, gcc and
# qemu-system-x86_64. Exits with 0 if this is still so.
set -euo pipefail
packages=(linux-image-6.12.117+deb13-cloud-amd64=6.12.117-1 busybox-static=1:1.37.0-6+b9 iproute2=6.15.0-1 libc6=2.41-12+deb13u5
    libbpf1=1:1.5.0-3 libelf1t64=0.192-4 libmnl0=1.0.5-3 libcap2=1:2.75-10+deb13u1+b3 libxtables12=1.8.11-2 libselinux1=3.8.1-1
    libpcre2-8-0=10.46-1~deb13u3 zlib1g=1:1.3.dfsg+really1.3.1-1+deb13u1 libzstd1=1.5.7+dfsg-1)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir -p apt/lists/partial apt/cache/archives/partial guest/{bin,dev,lib,lib64,proc,run,sys}
echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${MIRROR:-http://deb.debian.org/debian} trixie main" >apt/sources.list
apt_get() {
    apt-get -qq -o Dir::Cache="$scratch/apt/cache" -o Dir::State::Lists="$scratch/apt/lists" -o Dir::Etc::SourceList="$scratch/apt/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o APT::Architecture=amd64 -o APT::Sandbox::User="$(id -un)" "$@"
}
apt_get update
apt_get download "${packages[@]}"
for package in *.deb; do dpkg-deb -x "$package" place; done

# Both ends of the three connections, one after the other.
gcc -static -Os -Wall -o guest/bin/ends -x c - <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
enum { TCP = IPPROTO_TCP, MPTCP = 262, WRITTEN = 32728 };
static char data[WRITTEN];
static void say(const char *who, const char *when, int socket) {
    int unacknowledged, unsent;
    struct tcp_info info;
    if (ioctl(socket, SIOCOUTQ, &unacknowledged) || ioctl(socket, SIOCOUTQNSD, &unsent)) perror("ioctl");
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &(socklen_t){sizeof info})) perror("TCP_INFO");
    printf("%s, %s: SIOCOUTQ %d, SIOCOUTQNSD %d, TCP has unsent %u\n", who, when, unacknowledged, unsent, info.tcpi_notsent_bytes);
}
static int run(const char *who, int port, int client_protocol, int server_protocol) {
    int here = open("/proc/self/ns/net", O_RDONLY), there = open("/run/netns/server", O_RDONLY);
    setns(there, CLONE_NEWNET);
    int listener = socket(AF_INET, SOCK_STREAM, server_protocol);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr("10.0.1.2")};
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, 1)) return perror("listen"), 1;
    setns(here, CLONE_NEWNET);
    int client = socket(AF_INET, SOCK_STREAM, client_protocol);
    if (connect(client, (void *)&at, sizeof at)) return perror("connect"), 1;
    say(who, "connected", client);
    if (write(client, data, WRITTEN) != WRITTEN) return perror("write"), 1;
    say(who, "written", client);
    usleep(900000);
    say(who, "acknowledged in part", client);
    return 0;
}
int main(void) {
    return run("TCP", 5001, TCP, TCP) || run("MPTCP", 5002, MPTCP, MPTCP) || run("fallen back", 5003, MPTCP, TCP);
}
C
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
insmod /veth.ko; insmod /sch_netem.ko
/ip netns add server; server="/ip netns exec server"
plug() { $1 /ip addr add 10.0.1.$3/24 dev $2; $1 /ip link set $2 up; $1 /tc qdisc add dev $2 root netem delay 300ms; }
/ip link add c1 type veth peer s1 netns server; plug "" c1 1; plug "$server" s1 2
ends
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin && cp place/usr/bin/ip place/usr/sbin/tc guest
cp -L place/usr/lib64/* guest/lib64 && cp -L place/usr/lib/x86_64-linux-gnu/lib{bpf,elf,mnl,cap,xtables,selinux,pcre2-8,z,zstd,c,m}.so.[0-9]* guest/lib
for module in net/sched/sch_netem drivers/net/veth; do guest/bin/busybox xzcat place/usr/lib/modules/*/kernel/$module.ko.xz >"guest/${module##*/}.ko"; done
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# The guest's time is counted in instructions, so it does not depend on the computer. Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -icount shift=1,sleep=off \
    -cpu qemu64,+arat,-cx16 -m 512 -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd \
    -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep SIOCOUTQ)
echo "$seen"
is() { [[ $seen =~ $1 ]] || { echo "it has changed: $2"; exit 1; }; }
is $'(^|\n)TCP, written: SIOCOUTQ 32728, SIOCOUTQNSD ([0-9]+), TCP has unsent ([0-9]+)' "TCP has other numbers"
[ "${BASH_REMATCH[2]}" = "${BASH_REMATCH[3]}" ] || { echo "it has changed: SIOCOUTQNSD is not what TCP has unsent"; exit 1; }
is $'\nMPTCP, written: SIOCOUTQ 32728, SIOCOUTQNSD 0,' "MPTCP without a fallback has other numbers"
is 'fallen back, written: SIOCOUTQ 65457, SIOCOUTQNSD 32728, TCP has unsent [12][0-9]{4}' "after a fallback the numbers are others"
is 'fallen back, acknowledged in part: SIOCOUTQ ([0-9]+), SIOCOUTQNSD ([0-9]+), TCP has unsent 0' "after a fallback and an ACK the numbers are others"
[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ] && [ "${BASH_REMATCH[1]}" -lt 32728 ] || { echo "it has changed: the numbers differ after an ACK"; exit 1; }
