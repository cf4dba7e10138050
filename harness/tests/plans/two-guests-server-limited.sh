ip netns add guest1
ip netns add guest2
ip netns add wires
ip netns exec guest1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec guest1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec guest1 sysctl -q -w net.ipv4.ip_forward=0
ip netns exec guest1 sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec guest1 sysctl -q -w net.mptcp.enabled=1
ip netns exec guest2 sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec guest2 sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec guest2 sysctl -q -w net.ipv4.ip_forward=0
ip netns exec guest2 sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec guest2 sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n guest1 link set lo up
ip -n guest2 link set lo up
ip -n guest1 link add enp1s0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name enp1s0-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n guest1 link add enp2s0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name enp2s0-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n guest1 link add enp3s0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name enp3s0-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n guest2 link add enp1s0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name enp1s0-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n guest2 link add enp2s0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name enp2s0-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n guest2 link add enp3s0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name enp3s0-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev enp1s0-a ingress
tc -n wires qdisc add dev enp1s0-b ingress
tc -n wires qdisc add dev enp2s0-a ingress
tc -n wires qdisc add dev enp2s0-b ingress
tc -n wires qdisc add dev enp3s0-a ingress
tc -n wires qdisc add dev enp3s0-b ingress
tc -n wires qdisc replace dev enp1s0-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev enp1s0-a root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev enp2s0-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev enp2s0-a root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev enp3s0-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev enp3s0-a root tbf rate 20000000bit burst 25000b limit 125000b
ip -n wires link set enp1s0-a up
ip -n wires link set enp1s0-b up
ip -n wires link set enp2s0-a up
ip -n wires link set enp2s0-b up
ip -n wires link set enp3s0-a up
ip -n wires link set enp3s0-b up
ip -n guest1 rule add priority 1003 from 10.0.3.1 lookup 1003
ip -n guest1 rule add priority 1002 from 10.0.2.1 lookup 1002
ip -n guest1 rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n guest1 rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n guest2 rule add priority 1003 from 10.0.3.2 lookup 1003
ip -n guest2 rule add priority 1002 from 10.0.2.2 lookup 1002
ip -n guest2 rule add priority 1001 from 10.0.1.2 lookup 1001
ip -n guest2 rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n guest1 address add 10.0.1.1/24 dev enp1s0
ip -n guest1 address add 10.0.2.1/24 dev enp2s0
ip -n guest1 address add 10.0.3.1/24 dev enp3s0
ip -n guest1 route replace default via 10.0.1.2 dev enp1s0 table 1001
ip -n guest1 route replace default via 10.0.2.2 dev enp2s0 table 1002
ip -n guest1 route replace default via 10.0.3.2 dev enp3s0 table 1003
ip -n guest2 address add 10.0.1.2/24 dev enp1s0
ip -n guest2 address add 10.0.2.2/24 dev enp2s0
ip -n guest2 address add 10.0.3.2/24 dev enp3s0
ip -n guest2 route replace default via 10.0.1.1 dev enp1s0 table 1001
ip -n guest2 route replace default via 10.0.2.1 dev enp2s0 table 1002
ip -n guest2 route replace default via 10.0.3.1 dev enp3s0 table 1003
tc -n wires filter add dev enp1s0-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev enp1s0-b
tc -n wires filter add dev enp1s0-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev enp1s0-a
tc -n wires filter add dev enp2s0-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev enp2s0-b
tc -n wires filter add dev enp2s0-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev enp2s0-a
tc -n wires filter add dev enp3s0-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev enp3s0-b
tc -n wires filter add dev enp3s0-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev enp3s0-a
ip -n guest1 mptcp limits set subflows 1
ip -n guest2 mptcp limits set subflows 2
ip -n guest2 mptcp endpoint add 10.0.1.2 dev enp1s0 subflow
ip -n guest2 mptcp endpoint add 10.0.3.2 dev enp3s0 subflow
