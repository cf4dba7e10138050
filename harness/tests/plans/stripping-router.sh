ip netns add client
ip netns add router
ip netns add server
ip netns add wires
ip netns exec client sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.ip_forward=0
ip netns exec client sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec client sysctl -q -w net.mptcp.enabled=1
ip netns exec router sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec router sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec router sysctl -q -w net.ipv4.ip_forward=1
ip netns exec router sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec router sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n client link set lo up
ip -n router link set lo up
ip -n server link set lo up
ip -n client link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name near-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n router link add client mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name near-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n router link add server mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name far-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name far-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev far-a ingress
tc -n wires qdisc add dev far-b ingress
tc -n wires qdisc add dev near-a ingress
tc -n wires qdisc add dev near-b ingress
tc -n wires qdisc replace dev near-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev near-a root tbf rate 20000000bit burst 25000b limit 125000b
ip -n wires link set far-a up
ip -n wires link set far-b up
ip -n wires link set near-a up
ip -n wires link set near-b up
ip -n client address add 10.0.2.1/24 dev eth0
ip -n client route replace default via 10.0.2.2 dev eth0
ip -n router address add 10.0.2.2/24 dev client
ip -n router address add 10.0.1.1/24 dev server
ip -n server address add 10.0.1.2/24 dev eth0
ip -n server route replace default via 10.0.1.1 dev eth0
tc -n wires filter add dev far-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev far-b
tc -n wires filter add dev far-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev far-a
tc -n wires filter add dev near-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev near-b
tc -n wires filter add dev near-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev near-a
ip -n client mptcp limits set subflows 2 add_addr_accepted 2
ip netns exec router nft 'table inet firewall; delete table inet firewall; table inet firewall { chain rules { meta l4proto tcp tcp option mptcp exists reset tcp option mptcp; }; chain forward { type filter hook forward priority 0; jump rules; }; chain input { type filter hook input priority 0; iifname != "lo" jump rules; }; }'
