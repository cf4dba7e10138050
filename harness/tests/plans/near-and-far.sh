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
ip -n client link add far mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name far-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add near mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name near-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add far mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name far-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add near mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name near-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev far-a ingress
tc -n wires qdisc add dev far-b ingress
tc -n wires qdisc add dev near-a ingress
tc -n wires qdisc add dev near-b ingress
tc -n wires qdisc replace dev far-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev far-b parent 1:1 handle 2: netem limit 100000 delay 40ms seed 13742290144240959470
tc -n wires qdisc replace dev far-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev far-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev far-a parent 1:1 handle 2: netem limit 100000 delay 40ms seed 987556998632085551
tc -n wires qdisc replace dev far-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev near-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev near-b parent 1:1 handle 2: netem limit 100000 delay 5ms seed 4074388489505812047
tc -n wires qdisc replace dev near-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev near-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev near-a parent 1:1 handle 2: netem limit 100000 delay 5ms seed 16829121635114685966
tc -n wires qdisc replace dev near-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
ip -n wires link set far-a up
ip -n wires link set far-b up
ip -n wires link set near-a up
ip -n wires link set near-b up
ip -n client rule add priority 1002 from 10.0.2.1 lookup 1002
ip -n client rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n client rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n server rule add priority 1002 from 10.0.2.2 lookup 1002
ip -n server rule add priority 1001 from 10.0.1.2 lookup 1001
ip -n server rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n client address add 10.0.1.1/24 dev far
ip -n client address add 10.0.2.1/24 dev near
ip -n client route replace default via 10.0.1.2 dev far table 1001
ip -n client route replace default via 10.0.2.2 dev near table 1002
ip -n server address add 10.0.1.2/24 dev far
ip -n server address add 10.0.2.2/24 dev near
ip -n server route replace default via 10.0.1.1 dev far table 1001
ip -n server route replace default via 10.0.2.1 dev near table 1002
tc -n wires filter add dev far-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev far-b
tc -n wires filter add dev far-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev far-a
tc -n wires filter add dev near-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev near-b
tc -n wires filter add dev near-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev near-a
ip -n client mptcp limits set subflows 1
ip -n client mptcp endpoint add 10.0.1.1 dev far subflow
ip -n server mptcp limits set subflows 1
