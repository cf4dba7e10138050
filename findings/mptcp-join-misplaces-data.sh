#!/usr/bin/env bash
# Linux's MPTCP delivers bytes to the reader at the wrong position, and reports no error at either end.
#
# The accepting end may receive a subflow's first data before it has finished the join. If a process owns the connection's socket when the third ACK
# arrives, mptcp_finish_join() (net/mptcp/protocol.c) defers the rest of the join until the socket is released. The first data then arrives, and
# get_mapping_status() (subflow.c) stores in map_seq the position that its DSS option gives. Then mptcp_subflow_joined() (protocol.c) sets map_seq to
# the connection's ack_seq, as if nothing had arrived, and what waits in the subflow's queue becomes the next bytes of the connection. The DATA_ACK
# covers them, the right bytes are dropped as duplicates when they arrive, and no counter of errors grows.
#
# Linux 6.18 leaves data in that queue whenever the socket is owned; 6.12 does so only if the receive buffer is also full, so the guest's client
# fills it with small messages. Then the first of two links becomes slow (netem). The client sends 12000 bytes over it, joins over the second link
# and sends 800 more, which arrive first. Meanwhile the reader's recv() waits for a page of memory, as it would for one in swap: userfaultfd delays
# the page until the 800 bytes have arrived. The reader gets them at the position of the 12000. If recv() is called after the join, every byte is
# right. Five runs of five were like this.
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU 7.2.22; also seen with 6.18.15 and 6.18.44. 7.2.13 and 7.3.4 have the same line, but take the data
# out of the queue earlier. There every byte is right, and if the rest of the first mapping arrives later, the subflow is reset
# (MPTcpExtDSSNotMatching, seen with 7.3.4). Needs apt-get, dpkg-deb, gcc and qemu-system-x86_64. Exits with 0 if the bug is still there.
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
# The guest's program: both ends of a connection, whose words say their position. With an argument the join comes within recv(), else before it.
gcc -static -Os -Wall -o guest/bin/ends -x c - <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/mptcp.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static uint64_t word[1 << 14], got[1 << 14];
static unsigned char p[65536];
static int client, sent, taken;
static void put(int size) { sent += write(client, (char *)word + sent, size); }
static unsigned be(const unsigned char *at, int size) { unsigned n = 0; while (size--) n = n << 8 | *at++; return n; }
int main(int within, char **argument) {
    for (int i = 0; i < 1 << 14; i++) word[i] = i * 8;
    int here = open("/proc/self/ns/net", O_RDONLY), there = open("/run/netns/server", O_RDONLY);
    setns(there, CLONE_NEWNET);
    int listener = socket(AF_INET, SOCK_STREAM, 262), wire = socket(AF_PACKET, SOCK_DGRAM, 0); /* IPPROTO_MPTCP */
    struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(3), .sll_ifindex = if_nametoindex("s2")}; /* ETH_P_ALL */
    setns(here, CLONE_NEWNET);
    client = socket(AF_INET, SOCK_STREAM, 262);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(5000), .sin_addr.s_addr = inet_addr("10.0.1.2")};
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &(int){65536}, sizeof(int));
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (bind(wire, (void *)&link, sizeof link) || bind(listener, (void *)&a, sizeof a) || listen(listener, 1)) return perror("listen"), 1;
    if (connect(client, (void *)&a, sizeof a)) return perror("connect"), 1;
    int s = accept(listener, 0, 0), fault = syscall(SYS_userfaultfd, O_CLOEXEC);
    struct mptcp_info info; /* its rcv_nxt is the first byte's data sequence number */
    if (getsockopt(s, 284, MPTCP_INFO, &info, &(socklen_t){sizeof info})) return perror("MPTCP_INFO"), 1;
    unsigned first = info.mptcpi_rcv_nxt, memory[9] = {0}; /* of the connection: in use, its limit */
    while (memory[0] <= memory[1]) put(8), usleep(1000), getsockopt(s, SOL_SOCKET, SO_MEMINFO, memory, &(socklen_t){sizeof memory});
    usleep(300000); /* until all is acknowledged */
    char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register at = {{(uintptr_t)page, 4096}, UFFDIO_REGISTER_MODE_MISSING};
    if (ioctl(fault, UFFDIO_API, &(struct uffdio_api){.api = UFFD_API}) || ioctl(fault, UFFDIO_REGISTER, &at)) return perror("userfaultfd"), 1;
    if (!fork()) {
        if (within > 1 && read(fault, p, sizeof(struct uffd_msg)) < 0) return perror("userfaultfd"), 1;
        system("/tc qdisc add dev c1 root netem delay 300ms");
        put(12000);
        system("/ip mptcp endpoint add 10.0.2.1 dev c2 subflow");
        usleep(10000), put(800), usleep(10000);
        return ioctl(fault, UFFDIO_ZEROPAGE, &(struct uffdio_zeropage){at.range});
    }
    close(client);
    if (within == 1) wait(0);
    for (int size; (size = recv(s, page, 4096, 0)) > 0; taken += size) memcpy((char *)got + taken, page, size);
    for (int got; (got = recvfrom(wire, p, sizeof p, MSG_DONTWAIT, (void *)&link, &(socklen_t){sizeof link})) > 0;) {
        if (got < 40 || link.sll_protocol != htons(0x800) || p[9] != IPPROTO_TCP) continue;
        const unsigned char *tcp = p + (p[0] & 15) * 4, *o = tcp + 20, *end = tcp + (tcp[12] >> 4) * 4;
        const char *who = link.sll_pkttype == PACKET_OUTGOING ? "server" : "client";
        for (int bytes = be(p + 2, 2) - (end - p); o < end && *o; o += *o == 1 ? 1 : o[1]) {
            if (*o != 30) continue;
            if (o[2] >> 4 == 1) printf("link 2, %s: MP_JOIN\n", who);
            if (o[2] >> 4 != 2) continue; /* a DSS: flags, DATA_ACK, data sequence number, the subflow's, length */
            int ack = o[3] & 1 ? o[3] & 2 ? 8 : 4 : 0, dsn = o[3] & 4 ? o[3] & 8 ? 8 : 4 : 0;
            const unsigned char *map = o + ack + dsn;
            if (bytes) printf("link 2, %s: DSS %u+%u, %d bytes of %lu\n", who, be(map, 4) - first, be(map + 8, 2), bytes, *(uint64_t *)end);
            else if (!dsn && ack) printf("link 2, %s: DATA_ACK %u\n", who, be(o + ack, 4) - first);
        }
    }
    int wrong = 0;
    for (int i = 0, j; i < taken / 8; i = j) {
        for (j = i + 1; j < taken / 8 && got[j] == got[j - 1] + 8; j++);
        if (got[i] == word[i]) continue;
        printf("reader, at %d: %d bytes of %lu\n", i * 8, (j - i) * 8, got[i]), wrong += (j - i) * 8;
    }
    printf("reader: %d bytes, %d of another place\n", taken, wrong);
}
C
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
insmod /veth.ko; insmod /sch_netem.ko
/ip netns add server; server="/ip netns exec server"
plug() { $1 /ip addr add 10.0.$3/24 dev $2; $1 /ip link set $2 up; }
for i in 1 2; do /ip link add c$i type veth peer s$i netns server; plug "" c$i $i.1; plug "$server" s$i $i.2; done
/ip route add 10.0.1.0/24 dev c2 metric 9
ends $how
$server /nstat -asz | awk '/DSSNotMatching/ { print "server,", $1, $2 }'
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin && cp place/usr/bin/{ip,nstat} place/usr/sbin/tc guest
cp -L place/usr/lib64/* guest/lib64 && cp -L place/usr/lib/x86_64-linux-gnu/lib{bpf,elf,mnl,cap,xtables,selinux,pcre2-8,z,zstd,c,m}.so.[0-9]* guest/lib
for module in net/sched/sch_netem drivers/net/veth; do guest/bin/busybox xzcat place/usr/lib/modules/*/kernel/$module.ko.xz >"guest/${module##*/}.ko"; done
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# The guest's time is counted in instructions. Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
boot() {
    timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -icount shift=1,sleep=off \
        -cpu qemu64,+arat,-cx16 -m 512 -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd \
        -append "console=ttyS0 loglevel=3 panic=-1 reboot=t how=${1-}" </dev/null | tr -d '\r' | grep -E '^(link|reader|server)' || true
}
is() { [[ $1 =~ $2 ]] || { echo "it has changed: $3" && exit 1; }; }
before=$(boot) within=$(boot within)
printf 'recv() after the join:\n%s\n\nThe join within recv():\n%s\n' "$before" "$within"
is "$before" 'reader: [1-9][0-9]+ bytes, 0 of' "the reader gets bytes of another place where the join does not come within recv()"
is "$within" '\+800, 800 bytes of ([0-9]+)' "the join brings no data"
is "$within" "reader, at [0-9]+: 800 bytes of ${BASH_REMATCH[1]}" "all bytes are in their places"
