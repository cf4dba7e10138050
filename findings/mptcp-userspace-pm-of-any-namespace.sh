#!/usr/bin/env bash
# A listener to MPTCP's events in any network namespace makes Linux believe that every namespace has a path manager in user space, so servers accept joins.
#
# With net.mptcp.pm_type=1 a server should accept a join only while a path manager runs: mptcp_userspace_pm_active() (net/mptcp/pm_kernel.c in Linux
# 6.12.117, pm_netlink.c in 6.1, 7.2 and 7.3) asks genl_has_listeners() if somebody listens to the group mptcp_pm_events. That takes a namespace, but
# netlink_has_listeners() (net/netlink/af_netlink.c) looks at nl_table[].listeners, one bitmap for all namespaces. A listener anywhere is enough.
# mptcp_can_accept_new_subflow() (subflow.c) and mptcp_pm_allow_new_subflow() (pm.c) then say yes to a join that would have been reset, and
# mptcp_pm_add_addr_received() (pm.c) has an ADD_ADDR echoed that would have been dropped.
#
# The guest's server has pm_type=1. The client has the path manager of the kernel, announces a second address and joins from it. `ip mptcp monitor`
# listens nowhere, in the server's namespace, and in a third one. For each case there are the server's counters, and the number of events that the
# listener got: none outside of the server's namespace.
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU; seen with 7.3.4, too. 6.1.176 and 7.2.13 have the same lines. Needs apt-get, dpkg-deb, gcc and
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

# Both ends of a connection. A byte in each direction confirms it; then there is time for the announcement and the join.
gcc -static -Os -Wall -o guest/bin/ends -x c - <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
    int here = open("/proc/self/ns/net", O_RDONLY), there = open("/run/netns/server", O_RDONLY);
    setns(there, CLONE_NEWNET);
    int listener = socket(AF_INET, SOCK_STREAM, 262); /* IPPROTO_MPTCP */
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(5000), .sin_addr.s_addr = inet_addr("10.0.1.2")};
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, 1)) return perror("listen"), 1;
    setns(here, CLONE_NEWNET);
    int client = socket(AF_INET, SOCK_STREAM, 262);
    if (connect(client, (void *)&at, sizeof at)) return perror("connect"), 1;
    int server = accept(listener, 0, 0);
    char byte = 0;
    if (write(client, &byte, 1) + read(server, &byte, 1) + write(server, &byte, 1) + read(client, &byte, 1) != 4) return perror("exchange"), 1;
    usleep(500000);
}
C
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
insmod /veth.ko
plug() { $1 /ip addr add 10.0.$3/24 dev $2; $1 /ip link set $2 up; }
# A new server, its counters at zero. The rest is the listener's command.
with() {
    name=$1; shift
    /ip netns add server; server="/ip netns exec server"
    $server sysctl -q -w net.mptcp.pm_type=1
    for i in 1 2; do /ip link add c$i type veth peer s$i netns server; plug "" c$i $i.1; plug "$server" s$i $i.2; done
    /ip route add 10.0.1.0/24 dev c2 metric 9
    /ip mptcp endpoint flush; /ip mptcp endpoint add 10.0.2.1 dev c2 signal subflow
    "$@" >/heard & sleep 1
    ends
    kill $! 2>/dev/null; wait $!
    $server /nstat -asz | awk -v name="$name" '{ n[substr($1, 9)] = $2 } END {
        printf "server, listener %s: %d join asked, %d made; ADD_ADDR: %d dropped, %d echoed; ", name, n["MPJoinSynRx"], n["MPJoinAckRx"], n["AddAddrDrop"],
            n["EchoAddTx"] }'
    echo "events heard: $(wc -l </heard)"
    /ip link del c1; /ip link del c2; /ip netns del server
}
/ip netns add third
with "nowhere" true
with "in its namespace" /ip netns exec server /ip mptcp monitor
with "in a third namespace" /ip netns exec third /ip mptcp monitor
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin && cp place/usr/bin/{ip,nstat} guest
cp -L place/usr/lib64/* guest/lib64 && cp -L place/usr/lib/x86_64-linux-gnu/lib{bpf,elf,mnl,cap,xtables,selinux,pcre2-8,z,zstd,c,m}.so.[0-9]* guest/lib
guest/bin/busybox xzcat place/usr/lib/modules/*/kernel/drivers/net/veth.ko.xz >guest/veth.ko
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# The guest's time is counted in instructions, so it does not depend on the computer. Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -icount shift=1,sleep=off \
    -cpu qemu64,+arat,-cx16 -m 512 -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd \
    -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep '^server,')
echo "$seen"
rejected='1 join asked, 0 made; ADD_ADDR: [1-9] dropped, 0 echoed; events heard: 0'
accepted='1 join asked, 1 made; ADD_ADDR: 0 dropped, 1 echoed; events heard:'
is() { [[ $seen =~ "listener $1: "$2 ]] || { echo "it has changed: $3"; exit 1; }; }
is "nowhere" "$rejected" "the server accepts a join though nobody listens"
is "in its namespace" "$accepted [1-9]" "the server's own listener is no path manager"
is "in a third namespace" "$accepted 0" "a listener in another namespace does not count"
