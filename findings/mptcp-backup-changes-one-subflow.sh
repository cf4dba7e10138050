#!/usr/bin/env bash
# `ip mptcp endpoint change` makes only one subflow of a connection a backup, though several leave from the endpoint's address.
#
# ip-mptcp(8) says that from an endpoint with the flag `backup`, packets are sent only if all subflows that are no backups are unavailable. If the flag
# is there when a connection begins, this is so. If it is set later, the kernel has to send MP_PRIO over each subflow from this address, since MP_PRIO
# is about the subflow that carries it and no other (RFC 8684, 3.3.8). But mptcp_pm_nl_mp_prio_send_ack() (net/mptcp/pm_kernel.c in Linux 6.12.117,
# pm_netlink.c in 6.1; mptcp_pm_mp_prio_send_ack() in pm.c in 7.2 and 7.3) looks for a subflow with this local address, and returns after the first.
# The others stay what they were: neither end takes them for backups, data go on leaving over the link that should rest, and `ip mptcp endpoint show`
# says `backup`. `nobackup` reaches one subflow, too. A server's address, to which a client joins from two of its own, is such a case as well.
#
# The guest's client has an endpoint with `fullmesh` on its second address, and the server announces a second address, so two subflows leave from the
# endpoint. The client sends 600000 bytes, makes the endpoint a backup, and sends 600000 more. Then it connects again, sends as many, makes the endpoint
# no backup, and sends the rest. After each 600000 bytes there are the endpoint, and what each subflow has carried of them. "flags" are those of
# `ss -ti`, where `b` is a backup. (Each change sets both flags, so it has to repeat `fullmesh`: without the word, both subflows end and one is opened.)
#
# Shown with Linux 6.12.117 and iproute2 6.15.0 of Debian 13 in QEMU; seen with 7.3.4, too. 6.1.192 and 7.2.13 have the same lines. Needs apt-get,
# dpkg-deb, gcc and qemu-system-x86_64. Exits with 0 if this is still so.
set -euo pipefail
packages=(linux-image-6.12.117+deb13-cloud-amd64=6.12.117-1 busybox-static=1:1.37.0-6+b9 iproute2=6.15.0-1 libc6=2.41-12+deb13u5
    libbpf1=1:1.5.0-3 libelf1t64=0.192-4 libmnl0=1.0.5-3 libcap2=1:2.75-10+deb13u1+b3 libxtables12=1.8.11-2 libselinux1=3.8.1-1
    libpcre2-8-0=10.46-1~deb13u3 zlib1g=1:1.3.dfsg+really1.3.1-1+deb13u1 libzstd1=1.5.7+dfsg-1 libtirpc3t64=1.3.6+ds-1
    libgssapi-krb5-2=1.21.3-5+deb13u1 libkrb5-3=1.21.3-5+deb13u1 libk5crypto3=1.21.3-5+deb13u1 libkrb5support0=1.21.3-5+deb13u1
    libcom-err2=1.47.2-3+b12 libkeyutils1=1.6.3-6)

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

# Both ends of one connection. After each command that it is given, the client sends 600000 bytes, and shows what its subflows have carried.
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
static char data[600000];
int main(int count, char **arguments) {
    int here = open("/proc/self/ns/net", O_RDONLY), there = open("/run/netns/server", O_RDONLY);
    struct sockaddr_in at = {AF_INET, htons(atoi(arguments[1]))};
    setns(there, CLONE_NEWNET);
    int listener = socket(AF_INET, SOCK_STREAM, MPTCP);
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, 9)) return perror("listen"), 1;
    setns(here, CLONE_NEWNET);
    at.sin_addr.s_addr = inet_addr("10.0.1.2");
    int client = socket(AF_INET, SOCK_STREAM, MPTCP);
    if (connect(client, (void *)&at, sizeof at)) return perror("connect"), 1;
    int server = accept(listener, NULL, NULL);
    if (write(client, data, 1) != 1 || read(server, data, 1) != 1 || write(server, data, 1) != 1 || read(client, data, 1) != 1) perror("exchange");
    if (!fork()) {
        close(client);
        while (read(server, data, sizeof data) > 0);
        return 0;
    }
    for (int i = 2; i < count; i++) {
        system(arguments[i]);
        usleep(900000);
        if (write(client, data, sizeof data) != sizeof data) perror("write");
        usleep(900000);
        system("/show");
    }
    return 0;
}
C
cat >guest/show <<'SH'
#!/bin/busybox sh
echo "endpoint $(/ip mptcp endpoint show), MP_PRIO sent: $(/nstat -asz MPTcpExtMPPrioTx | awk '/Prio/ { print $2 }')"
touch /before
/ss -HnOti state established | awk '
    BEGIN { while ((getline < "/before") > 0) before[$1 $2] = $3; close("/before"); printf "" >"/before" }
    { match($0, /bytes_sent:[0-9]*/); sent = substr($0, RSTART + 11, RLENGTH - 11); print $3, $4, sent >"/before"
        split($3, here, /[%:]/); split($4, there, ":"); match($0, / flags:[A-Za-z]*/)
        print "subflow", here[1], "to", there[1], substr($0, RSTART + 1, RLENGTH - 1), "sent", sent - before[$3 $4] }' | sort
SH
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
insmod /veth.ko; insmod /sch_netem.ko; insmod /inet_diag.ko; insmod /tcp_diag.ko
/ip netns add server; server="/ip netns exec server"
for n in 1 2; do
    /ip link add c$n type veth peer s$n netns server
    /ip addr add 10.0.$n.1/24 dev c$n; /ip link set c$n up; /tc qdisc add dev c$n root netem rate 8mbit
    $server /ip addr add 10.0.$n.2/24 dev s$n; $server /ip link set s$n up
done
/ip mptcp limits set subflows 4 add_addr_accepted 4; $server /ip mptcp limits set subflows 4
/ip mptcp endpoint add 10.0.2.1 dev c2 id 1 subflow fullmesh; $server /ip mptcp endpoint add 10.0.2.2 dev s2 signal
ends 5001 true "/ip mptcp endpoint change id 1 backup fullmesh"
ends 5002 true "/ip mptcp endpoint change id 1 nobackup fullmesh"
reboot -f
SH
chmod +x guest/init guest/show
cp place/usr/bin/busybox guest/bin && cp place/usr/bin/{ip,ss,nstat} place/usr/sbin/tc guest
cp -L place/usr/lib64/* guest/lib64
cp -L place/usr/lib/x86_64-linux-gnu/lib{bpf,elf,mnl,cap,xtables,selinux,pcre2-8,z,zstd,c,m,resolv}.so.[0-9]* guest/lib
cp -L place/usr/lib/x86_64-linux-gnu/lib{tirpc,gssapi_krb5,krb5,k5crypto,krb5support,com_err,keyutils}.so.[0-9]* guest/lib
for module in drivers/net/veth net/sched/sch_netem net/ipv4/inet_diag net/ipv4/tcp_diag; do
    guest/bin/busybox xzcat place/usr/lib/modules/*/kernel/$module.ko.xz >"guest/${module##*/}.ko"
done
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# The guest's time is counted in instructions, so it does not depend on the computer. Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -icount shift=1,sleep=off \
    -cpu qemu64,+arat,-cx16 -m 512 -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd \
    -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep -E '^(endpoint|subflow)')
echo "$seen"
summary=$(awk '/^endpoint/ { print ++step, "MP_PRIO", $NF }
    /^subflow 10.0.2.1/ { print step, /flags:[A-Za-z]*b/ ? "backup" : "regular", $NF ? "carries" : "rests" }' <<<"$seen" | sort)
expected='1 MP_PRIO 0
1 regular carries
1 regular carries
2 MP_PRIO 1
2 backup rests
2 regular carries
3 MP_PRIO 1
3 backup rests
3 backup rests
4 MP_PRIO 2
4 backup rests
4 regular carries'
[ "$summary" = "$expected" ] || { echo "it has changed: a changed endpoint has other subflows"; exit 1; }
