ip netns add gateway
ip netns add machine
ip netns add server
ip netns add wires
ip netns exec gateway sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec gateway sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec gateway sysctl -q -w net.ipv4.ip_forward=1
ip netns exec gateway sysctl -q -w net.ipv6.conf.all.forwarding=1
ip netns exec gateway sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1
ip netns exec gateway sysctl -q -w net.ipv6.conf.default.accept_dad=0
ip netns exec gateway sysctl -q -w net.mptcp.enabled=1
ip netns exec machine sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec machine sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec machine sysctl -q -w net.ipv4.ip_forward=0
ip netns exec machine sysctl -q -w net.ipv6.conf.all.forwarding=0
ip netns exec machine sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1
ip netns exec machine sysctl -q -w net.ipv6.conf.default.accept_dad=0
ip netns exec machine sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.all.forwarding=0
ip netns exec server sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1
ip netns exec server sysctl -q -w net.ipv6.conf.default.accept_dad=0
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n gateway link set lo up
ip -n machine link set lo up
ip -n server link set lo up
ip -n gateway link add lan0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name first-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway link add lan1 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name second-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway link add wan mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name uplink-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n machine link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name first-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n machine link add eth1 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name second-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name uplink-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n machine rule add priority 1002 from 192.0.2.11 lookup 1002
ip -n machine rule add priority 1001 from 192.0.2.10 lookup 1001
ip -n machine rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n machine -6 rule add priority 1002 from fd00:0:0:2::1 lookup 1002
ip -n machine -6 rule add priority 1001 from fd00:0:0:1::1 lookup 1001
ip -n machine -6 rule add priority 1000 from all lookup main suppress_prefixlength 0
tc -n wires qdisc add dev first-a ingress
tc -n wires qdisc add dev first-b ingress
tc -n wires qdisc add dev second-a ingress
tc -n wires qdisc add dev second-b ingress
tc -n wires qdisc add dev uplink-a ingress
tc -n wires qdisc add dev uplink-b ingress
tc -n wires qdisc replace dev first-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev first-a root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev second-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev second-a root tbf rate 20000000bit burst 25000b limit 125000b
ip -n wires link set first-a up
ip -n wires link set first-b up
ip -n wires link set second-a up
ip -n wires link set second-b up
ip -n wires link set uplink-a up
ip -n wires link set uplink-b up
ip -n gateway address add 169.254.1.1/32 dev lan0
ip -n gateway address add fd00:0:0:1::2/64 dev lan0 nodad
ip -n gateway address add fe80::1/64 dev lan0 nodad
ip -n gateway address add 169.254.1.2/32 dev lan1
ip -n gateway address add fd00:0:0:2::2/64 dev lan1 nodad
ip -n gateway address add 10.0.3.1/24 dev wan
ip -n gateway address add fd00:0:0:3::1/64 dev wan nodad
ip -n gateway route replace 192.0.2.10/32 dev lan0
ip -n gateway route replace 192.0.2.11/32 dev lan1
ip -n machine address add 192.0.2.10/32 dev eth0
ip -n machine address add fd00:0:0:1::1/64 dev eth0 nodad
ip -n machine address add 192.0.2.11/32 dev eth1
ip -n machine address add fd00:0:0:2::1/64 dev eth1 nodad
ip -n machine route replace 169.254.1.1/32 dev eth0
ip -n machine route replace 169.254.1.2/32 dev eth1
ip -n machine route replace default via 169.254.1.1 dev eth0 table 1001
ip -n machine route replace default via 169.254.1.2 dev eth1 table 1002
ip -n machine -6 route replace default via fd00:0:0:1::2 dev eth0 table 1001
ip -n machine -6 route replace default via fd00:0:0:2::2 dev eth1 table 1002
ip -n machine route replace default via 169.254.1.1 dev eth0
ip -n machine -6 route replace default via fe80::1 dev eth0
ip -n server address add 10.0.3.2/24 dev eth0
ip -n server address add fd00:0:0:3::2/64 dev eth0 nodad
ip -n server route replace default via 10.0.3.1 dev eth0
ip -n server -6 route replace default via fd00:0:0:3::1 dev eth0
tc -n wires filter add dev first-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev first-b
tc -n wires filter add dev first-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev first-a
tc -n wires filter add dev second-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev second-b
tc -n wires filter add dev second-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev second-a
tc -n wires filter add dev uplink-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev uplink-b
tc -n wires filter add dev uplink-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev uplink-a
ip -n machine mptcp limits set subflows 2
ip -n machine mptcp endpoint add 192.0.2.11 dev eth1 subflow
ip -n server mptcp limits set subflows 2
