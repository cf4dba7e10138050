ip netns add client
ip netns add gateway
ip netns add left-router
ip netns add right-router
ip netns add server
ip netns add wires
ip netns exec client sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.ip_forward=0
ip netns exec client sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec client sysctl -q -w net.mptcp.enabled=1
ip netns exec gateway sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec gateway sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec gateway sysctl -q -w net.ipv4.ip_forward=1
ip netns exec gateway sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec gateway sysctl -q -w net.mptcp.enabled=1
ip netns exec left-router sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec left-router sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec left-router sysctl -q -w net.ipv4.ip_forward=1
ip netns exec left-router sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec left-router sysctl -q -w net.mptcp.enabled=1
ip netns exec right-router sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec right-router sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec right-router sysctl -q -w net.ipv4.ip_forward=1
ip netns exec right-router sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec right-router sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n client link set lo up
ip -n gateway link set lo up
ip -n left-router link set lo up
ip -n right-router link set lo up
ip -n server link set lo up
ip -n client link add left mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name left-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add right mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name right-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway link add left mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name left-far-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway link add right mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name right-far-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway link add server mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name server-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n left-router link add client mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name left-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n left-router link add gateway mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name left-far-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n right-router link add client mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name right-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n right-router link add gateway mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name right-far-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name server-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev left-a ingress
tc -n wires qdisc add dev left-b ingress
tc -n wires qdisc add dev left-far-a ingress
tc -n wires qdisc add dev left-far-b ingress
tc -n wires qdisc add dev right-a ingress
tc -n wires qdisc add dev right-b ingress
tc -n wires qdisc add dev right-far-a ingress
tc -n wires qdisc add dev right-far-b ingress
tc -n wires qdisc add dev server-a ingress
tc -n wires qdisc add dev server-b ingress
tc -n wires qdisc replace dev left-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev left-a root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev right-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev right-a root tbf rate 20000000bit burst 25000b limit 125000b
ip -n wires link set left-a up
ip -n wires link set left-b up
ip -n wires link set left-far-a up
ip -n wires link set left-far-b up
ip -n wires link set right-a up
ip -n wires link set right-b up
ip -n wires link set right-far-a up
ip -n wires link set right-far-b up
ip -n wires link set server-a up
ip -n wires link set server-b up
ip -n client rule add priority 1002 from 10.0.3.1 lookup 1002
ip -n client rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n client rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n client address add 10.0.1.1/24 dev left
ip -n client address add 10.0.3.1/24 dev right
ip -n client route replace default via 10.0.1.2 dev left
ip -n client route replace default via 10.0.1.2 dev left table 1001
ip -n client route replace default via 10.0.3.2 dev right table 1002
ip -n gateway address add 10.0.2.2/24 dev left
ip -n gateway address add 10.0.4.2/24 dev right
ip -n gateway address add 10.9.0.3/24 dev server
ip -n gateway route replace 10.0.1.0/24 via 10.0.2.1 dev left
ip -n gateway route replace 10.0.3.0/24 via 10.0.4.1 dev right
ip -n left-router address add 10.0.1.2/24 dev client
ip -n left-router address add 10.0.2.1/24 dev gateway
ip -n left-router route replace 10.0.3.0/24 via 10.0.2.2 dev gateway
ip -n left-router route replace 10.0.4.0/24 via 10.0.2.2 dev gateway
ip -n left-router route replace 10.9.0.0/24 via 10.0.2.2 dev gateway
ip -n right-router address add 10.0.3.2/24 dev client
ip -n right-router address add 10.0.4.1/24 dev gateway
ip -n right-router route replace 10.0.1.0/24 via 10.0.4.2 dev gateway
ip -n right-router route replace 10.0.2.0/24 via 10.0.4.2 dev gateway
ip -n right-router route replace 10.9.0.0/24 via 10.0.4.2 dev gateway
ip -n server address add 10.9.0.1/24 dev eth0
ip -n server address add 10.9.0.2/24 dev eth0
ip -n server route replace default via 10.9.0.3 dev eth0
tc -n wires filter add dev left-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev left-b
tc -n wires filter add dev left-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev left-a
tc -n wires filter add dev left-far-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev left-far-b
tc -n wires filter add dev left-far-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev left-far-a
tc -n wires filter add dev right-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev right-b
tc -n wires filter add dev right-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev right-a
tc -n wires filter add dev right-far-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev right-far-b
tc -n wires filter add dev right-far-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev right-far-a
tc -n wires filter add dev server-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev server-b
tc -n wires filter add dev server-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev server-a
ip -n client mptcp limits set subflows 8 add_addr_accepted 8
ip -n client mptcp endpoint add 10.0.1.1 dev left subflow fullmesh
ip -n client mptcp endpoint add 10.0.3.1 dev right subflow fullmesh
ip -n server mptcp limits set subflows 8
ip -n server mptcp endpoint add 10.9.0.2 signal
