ip netns add client
ip netns add gateway
ip netns add server
ip netns add wires
ip netns exec client sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.ip_forward=0
ip netns exec client sysctl -q -w net.ipv6.conf.all.forwarding=0
ip netns exec client sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1
ip netns exec client sysctl -q -w net.ipv6.conf.default.accept_dad=0
ip netns exec client sysctl -q -w net.mptcp.enabled=1
ip netns exec gateway sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec gateway sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec gateway sysctl -q -w net.ipv4.ip_forward=1
ip netns exec gateway sysctl -q -w net.ipv6.conf.all.forwarding=1
ip netns exec gateway sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1
ip netns exec gateway sysctl -q -w net.ipv6.conf.default.accept_dad=0
ip netns exec gateway sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.all.forwarding=0
ip netns exec server sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1
ip netns exec server sysctl -q -w net.ipv6.conf.default.accept_dad=0
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n client link set lo up
ip -n gateway link set lo up
ip -n server link set lo up
ip -n client link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name client-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway link add client mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name client-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway link add server mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name server-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name server-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev client-a ingress
tc -n wires qdisc add dev client-b ingress
tc -n wires qdisc add dev server-a ingress
tc -n wires qdisc add dev server-b ingress
tc -n wires qdisc replace dev client-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev client-b parent 1:1 handle 2: netem limit 100000 delay 2ms seed 13596096644802591582
tc -n wires qdisc replace dev client-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev client-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev client-a parent 1:1 handle 2: netem limit 100000 delay 2ms seed 841363499193717663
tc -n wires qdisc replace dev client-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev server-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev server-b parent 1:1 handle 2: netem limit 100000 delay 2ms seed 8256224906406478674
tc -n wires qdisc replace dev server-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev server-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev server-a parent 1:1 handle 2: netem limit 100000 delay 2ms seed 13948235834507156371
tc -n wires qdisc replace dev server-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
ip -n wires link set client-a up
ip -n wires link set client-b up
ip -n wires link set server-a up
ip -n wires link set server-b up
ip -n client address add 10.0.1.1/24 dev eth0
ip -n client address add fd00:0:0:1::1/64 dev eth0 nodad
ip -n client route replace default via 10.0.1.2 dev eth0
ip -n client -6 route replace default via fd00:0:0:1::2 dev eth0
ip -n gateway address add 10.0.1.2/24 dev client
ip -n gateway address add fd00:0:0:1::2/64 dev client nodad
ip -n gateway address add 10.0.2.1/24 dev server
ip -n gateway address add fd00:0:0:2::1/64 dev server nodad
ip -n server address add 10.0.2.2/24 dev eth0
ip -n server address add fd00:0:0:2::2/64 dev eth0 nodad
ip -n server route replace default via 10.0.2.1 dev eth0
ip -n server -6 route replace default via fd00:0:0:2::1 dev eth0
tc -n wires filter add dev client-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev client-b
tc -n wires filter add dev client-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev client-a
tc -n wires filter add dev server-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev server-b
tc -n wires filter add dev server-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev server-a
ip netns exec gateway nft 'table inet intercept; delete table inet intercept; table inet intercept { chain prerouting { type filter hook prerouting priority -150; iifname "client" meta l4proto tcp tproxy to :4000 meta mark set 900 accept; }; }'
ip -n gateway rule add priority 900 from all fwmark 900 lookup 900
ip -n gateway route replace local default dev lo table 900
ip -n gateway -6 rule add priority 900 from all fwmark 900 lookup 900
ip -n gateway -6 route replace local default dev lo table 900
