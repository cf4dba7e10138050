ip netns add client
ip netns add server
ip netns add wires
ip netns exec client sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.ip_forward=0
ip netns exec client sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec client sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n client link set lo up
ip -n server link set lo up
ip -n client link add sit0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name left-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add tunl0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name right-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add gre0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name right-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add sit0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name left-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev left-a ingress
tc -n wires qdisc add dev left-b ingress
tc -n wires qdisc add dev right-a ingress
tc -n wires qdisc add dev right-b ingress
tc -n wires qdisc replace dev left-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev left-a root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev right-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev right-a root tbf rate 20000000bit burst 25000b limit 125000b
ip -n wires link set left-a up
ip -n wires link set left-b up
ip -n wires link set right-a up
ip -n wires link set right-b up
ip -n client rule add priority 1002 from 10.0.2.1 lookup 1002
ip -n client rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n client rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n server rule add priority 1002 from 10.0.1.2 lookup 1002
ip -n server rule add priority 1001 from 10.0.2.2 lookup 1001
ip -n server rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n client address add 10.0.1.1/24 dev sit0
ip -n client address add 10.0.2.1/24 dev tunl0
ip -n client route replace default via 10.0.1.2 dev sit0 table 1001
ip -n client route replace default via 10.0.2.2 dev tunl0 table 1002
ip -n server address add 10.0.2.2/24 dev gre0
ip -n server address add 10.0.1.2/24 dev sit0
ip -n server route replace default via 10.0.2.1 dev gre0 table 1001
ip -n server route replace default via 10.0.1.1 dev sit0 table 1002
tc -n wires filter add dev left-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev left-b
tc -n wires filter add dev left-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev left-a
tc -n wires filter add dev right-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev right-b
tc -n wires filter add dev right-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev right-a
ip -n client mptcp limits set subflows 1
ip -n client mptcp endpoint add 10.0.2.1 dev tunl0 subflow
ip -n server mptcp limits set subflows 1
