#!/bin/sh
# mptcpd 0.12, as Debian configures it, gives a host no second path.
#
# Its default path manager is called `addr_adv`, "address advertiser", so one would expect it to announce the host's addresses. Instead:
# - Addresses that exist when mptcpd starts get no endpoint (`notify-flags=existing` is commented out in mptcpd.conf).
# - An address that is added later gets an endpoint without flags (`addr-flags` is not set). The kernel neither announces such an endpoint (`signal`)
#   nor connects from it (`subflow`), ip-mptcp(8).
# - `add_addr_accepted` stays 0, so the host does not use what a peer announces, although the limit of subflows grows by one with each endpoint.
#
# Shown in a network namespace of its own, with the kernel's path manager, which mptcpd configures.
#
# Needs a kernel with MPTCP, Debian 12's archive for apt-get, unshare (util-linux), and root or unprivileged user namespaces. Exits with 0 if this
# is still so, with 1 if it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q mptcpd=0.12-1 libmptcpd3=0.12-1 mptcpd-plugins=0.12-1 libell0=0.56-3 iproute2=6.1.0-3 2>log || {
    cat log
    exit 1
}
for package in *.deb; do
    dpkg-deb -x "$package" root
done
cat > inside <<'INSIDE'
ip=root/sbin/ip
lib=root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH=$lib
$ip link set lo up
$ip link add d0 type veth peer name d1
$ip link set d0 up
$ip link set d1 up
$ip addr add 10.0.0.1/24 dev d0

# The configuration as it is shipped, not this computer's.
[ ! -e /etc/mptcpd/mptcpd.conf ] || mount --bind root/etc/mptcpd/mptcpd.conf /etc/mptcpd/mptcpd.conf
root/usr/libexec/mptcpd --log=stderr --plugin-dir="$PWD/$lib/mptcpd" --path-manager=addr_adv 2>said &
daemon=$!
trap 'kill $daemon' EXIT

# Waits, for ten seconds at most, until a command prints this.
until_has() {
    tries=0
    until "$@" | grep -q "$has"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { echo "nothing with '$has' came; mptcpd said:"; cat said; exit 1; }
        sleep 0.1
    done
}
has='address advertiser path manager initialized' until_has cat said
$ip addr add 10.0.1.1/24 dev d0
# Addresses are handled in their order: when the later one has its endpoint, the earlier one would have had its own.
has='10.0.1.1' until_has $ip mptcp endpoint
$ip mptcp endpoint
$ip mptcp limits
INSIDE
unshare --user --map-root-user --net --mount sh -eu inside | sed 's/ *$//' | tee seen
printf '10.0.1.1 id 1 dev d0\nadd_addr_accepted 0 subflows 3\n' | cmp - seen || {
    echo "it has changed"
    exit 1
}
