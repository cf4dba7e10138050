#!/usr/bin/env bash
# A socket that was made before the first MPTCP endpoint never uses it, though it connects afterwards; connections that exist already do use it.
#
# ip-mptcp(8) says that for each subflow endpoint the path manager tries to create a subflow when a connection is fully established. But whether there is
# work to do at that moment is decided in socket(2): mptcp_pm_data_reset() (net/mptcp/pm.c), called from mptcp_init_sock(), sets work_pending if there
# are endpoints then. mptcp_pm_fully_established() does nothing without it. An endpoint that is added later sets up subflows of all connections, and
# a socket that has not connected is none: mptcp_nl_add_subflow_or_signal_addr() (pm_netlink.c, later pm_kernel.c) passes it by. So what is added
# between socket(2) and connect(2), by `ip mptcp` or by mptcpd while a program starts, counts for all connections but this one. If any endpoint was
# there before the socket, all of them are used, including those that were added in between.
#
# The guest's client has two links. One of its sockets is connected before `ip mptcp endpoint add`, one is only made before and connects afterwards, one
# is made afterwards. It asks each for the number of its additional subflows (mptcpi_subflows). Then it does the same with a second endpoint.
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU; 6.1.176, 7.2.13 and 7.3.4 have the same lines. Needs apt-get, dpkg-deb, gcc and
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

# Both ends of the connections. A byte in each direction confirms one; then there is time for its joins.
gcc -static -Os -Wall -o guest/bin/ends -x c - <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
enum { MPTCP = 262 };
static int listener;
static struct sockaddr_in at = {.sin_family = AF_INET};
static int make(void) {
    int made = socket(AF_INET, SOCK_STREAM, MPTCP);
    if (made < 0) perror("socket");
    return made;
}
static void join(int client) {
    char byte = 0;
    if (connect(client, (void *)&at, sizeof at)) perror("connect");
    int server = accept(listener, NULL, NULL);
    if (write(client, &byte, 1) != 1 || read(server, &byte, 1) != 1 || write(server, &byte, 1) != 1 || read(client, &byte, 1) != 1) perror("exchange");
    usleep(300000);
}
static void say(const char *round, const char *who, int client) {
    unsigned char info[256] = {0}; // struct mptcp_info, for SOL_MPTCP and MPTCP_INFO
    if (getsockopt(client, 284, 1, info, &(socklen_t){sizeof info})) perror("MPTCP_INFO");
    printf("%s endpoint, %s: subflows %d\n", round, who, info[0]);
}
static void add(const char *round, const char *command) {
    int connected = make(), waiting = make();
    join(connected);
    if (system(command)) perror("ip");
    usleep(300000);
    int later = make();
    join(waiting);
    join(later);
    say(round, "connected before it", connected);
    say(round, "made before it", waiting);
    say(round, "made after it", later);
}
int main(void) {
    int here = open("/proc/self/ns/net", O_RDONLY), there = open("/run/netns/server", O_RDONLY);
    at.sin_port = htons(5001), at.sin_addr.s_addr = inet_addr("10.0.1.2");
    setns(there, CLONE_NEWNET);
    listener = make();
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, 9)) return perror("listen"), 1;
    setns(here, CLONE_NEWNET);
    add("first", "/ip mptcp endpoint add 10.0.2.1 dev c2 subflow");
    add("second", "/ip mptcp endpoint add 10.0.3.1 dev c3 subflow");
    return 0;
}
C
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
insmod /veth.ko
/ip netns add server; server="/ip netns exec server"
for n in 1 2 3; do
    /ip link add c$n type veth peer s$n netns server
    /ip addr add 10.0.$n.1/24 dev c$n; /ip link set c$n up
    $server /ip addr add 10.0.$n.2/24 dev s$n; $server /ip link set s$n up
done
/ip mptcp limits set subflows 4; $server /ip mptcp limits set subflows 4
ends
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin && cp place/usr/bin/ip guest
cp -L place/usr/lib64/* guest/lib64 && cp -L place/usr/lib/x86_64-linux-gnu/lib{bpf,elf,mnl,cap,xtables,selinux,pcre2-8,z,zstd,c,m}.so.[0-9]* guest/lib
guest/bin/busybox xzcat place/usr/lib/modules/*/kernel/drivers/net/veth.ko.xz >guest/veth.ko
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# The guest's time is counted in instructions, so it does not depend on the computer. Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -icount shift=1,sleep=off \
    -cpu qemu64,+arat,-cx16 -m 512 -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd \
    -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep endpoint)
echo "$seen"
expected='first endpoint, connected before it: subflows 1
first endpoint, made before it: subflows 0
first endpoint, made after it: subflows 1
second endpoint, connected before it: subflows 2
second endpoint, made before it: subflows 2
second endpoint, made after it: subflows 2'
[ "$seen" = "$expected" ] || { echo "it has changed: a socket made before the first endpoint has another number of subflows"; exit 1; }
