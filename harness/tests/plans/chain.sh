ip netns add first
ip netns add fourth
ip netns add second
ip netns add third
ip netns add wires
ip netns exec first sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec first sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec first sysctl -q -w net.ipv4.ip_forward=0
ip netns exec first sysctl -q -w net.ipv6.conf.all.forwarding=0
ip netns exec first sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1
ip netns exec first sysctl -q -w net.ipv6.conf.default.accept_dad=0
ip netns exec first sysctl -q -w net.mptcp.enabled=1
ip netns exec fourth sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec fourth sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec fourth sysctl -q -w net.ipv4.ip_forward=0
ip netns exec fourth sysctl -q -w net.ipv6.conf.all.forwarding=0
ip netns exec fourth sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1
ip netns exec fourth sysctl -q -w net.ipv6.conf.default.accept_dad=0
ip netns exec fourth sysctl -q -w net.mptcp.enabled=1
ip netns exec second sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec second sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec second sysctl -q -w net.ipv4.ip_forward=1
ip netns exec second sysctl -q -w net.ipv6.conf.all.forwarding=1
ip netns exec second sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1
ip netns exec second sysctl -q -w net.ipv6.conf.default.accept_dad=0
ip netns exec second sysctl -q -w net.mptcp.enabled=1
ip netns exec third sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec third sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec third sysctl -q -w net.ipv4.ip_forward=1
ip netns exec third sysctl -q -w net.ipv6.conf.all.forwarding=1
ip netns exec third sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1
ip netns exec third sysctl -q -w net.ipv6.conf.default.accept_dad=0
ip netns exec third sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n first link set lo up
ip -n fourth link set lo up
ip -n second link set lo up
ip -n third link set lo up
ip -n first link add one mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name one-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n fourth link add three mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name three-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n second link add one mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name one-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n second link add two mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name two-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n third link add three mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name three-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n third link add two mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name two-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev one-a ingress
tc -n wires qdisc add dev one-b ingress
tc -n wires qdisc add dev three-a ingress
tc -n wires qdisc add dev three-b ingress
tc -n wires qdisc add dev two-a ingress
tc -n wires qdisc add dev two-b ingress
tc -n wires qdisc replace dev one-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev one-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 9587066015505510511
tc -n wires qdisc replace dev one-b parent 2:1 handle 3: netem limit 206 rate 50000000bit
tc -n wires qdisc replace dev one-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev one-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 3895055087404832814
tc -n wires qdisc replace dev one-a parent 2:1 handle 3: netem limit 206 rate 50000000bit
tc -n wires qdisc replace dev three-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev three-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 7112633292685178467
tc -n wires qdisc replace dev three-b parent 2:1 handle 3: netem limit 206 rate 50000000bit
tc -n wires qdisc replace dev three-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev three-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 1420622364584500770
tc -n wires qdisc replace dev three-a parent 2:1 handle 3: netem limit 206 rate 50000000bit
tc -n wires qdisc replace dev two-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev two-b parent 1:1 handle 2: netem limit 100000 delay 2ms seed 10656520899438063945
tc -n wires qdisc replace dev two-b parent 2:1 handle 3: netem limit 206 rate 50000000bit
tc -n wires qdisc replace dev two-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev two-a parent 1:1 handle 2: netem limit 100000 delay 2ms seed 4964509971337386248
tc -n wires qdisc replace dev two-a parent 2:1 handle 3: netem limit 206 rate 50000000bit
ip -n wires link set one-a up
ip -n wires link set one-b up
ip -n wires link set three-a up
ip -n wires link set three-b up
ip -n wires link set two-a up
ip -n wires link set two-b up
ip -n first address add 10.0.1.1/24 dev one
ip -n first address add fd00:0:0:1::1/64 dev one nodad
ip -n first route replace default via 10.0.1.2 dev one
ip -n first -6 route replace default via fd00:0:0:1::2 dev one
ip -n fourth address add 10.0.2.2/24 dev three
ip -n fourth address add fd00:0:0:2::2/64 dev three nodad
ip -n fourth route replace default via 10.0.2.1 dev three
ip -n fourth -6 route replace default via fd00:0:0:2::1 dev three
ip -n second address add 10.0.1.2/24 dev one
ip -n second address add fd00:0:0:1::2/64 dev one nodad
ip -n second address add 10.0.3.1/24 dev two
ip -n second address add fd00:0:0:3::1/64 dev two nodad
ip -n second route replace 10.0.2.0/24 via 10.0.3.2 dev two
ip -n second -6 route replace fd00:0:0:2::/64 via fd00:0:0:3::2 dev two
ip -n third address add 10.0.2.1/24 dev three
ip -n third address add fd00:0:0:2::1/64 dev three nodad
ip -n third address add 10.0.3.2/24 dev two
ip -n third address add fd00:0:0:3::2/64 dev two nodad
ip -n third route replace 10.0.1.0/24 via 10.0.3.1 dev two
ip -n third -6 route replace fd00:0:0:1::/64 via fd00:0:0:3::1 dev two
tc -n wires filter add dev one-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev one-b
tc -n wires filter add dev one-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev one-a
tc -n wires filter add dev three-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev three-b
tc -n wires filter add dev three-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev three-a
tc -n wires filter add dev two-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev two-b
tc -n wires filter add dev two-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev two-a
