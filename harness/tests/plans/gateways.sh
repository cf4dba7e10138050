ip netns add client
ip netns add gateway-a
ip netns add gateway-b
ip netns add server
ip netns add wires
ip netns exec client sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.ip_forward=0
ip netns exec client sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec client sysctl -q -w net.mptcp.enabled=1
ip netns exec gateway-a sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec gateway-a sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec gateway-a sysctl -q -w net.ipv4.ip_forward=0
ip netns exec gateway-a sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec gateway-a sysctl -q -w net.mptcp.enabled=1
ip netns exec gateway-b sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec gateway-b sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec gateway-b sysctl -q -w net.ipv4.ip_forward=1
ip netns exec gateway-b sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec gateway-b sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n client link set lo up
ip -n gateway-a link set lo up
ip -n gateway-b link set lo up
ip -n server link set lo up
ip -n client link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name client-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway-a link add client mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name client-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway-a link add left mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name left-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway-a link add right mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name right-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway-b link add left mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name left-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway-b link add right mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name right-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n gateway-b link add server mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name server-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name server-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev client-a ingress
tc -n wires qdisc add dev client-b ingress
tc -n wires qdisc add dev left-a ingress
tc -n wires qdisc add dev left-b ingress
tc -n wires qdisc add dev right-a ingress
tc -n wires qdisc add dev right-b ingress
tc -n wires qdisc add dev server-a ingress
tc -n wires qdisc add dev server-b ingress
tc -n wires qdisc replace dev left-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev left-a root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev right-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev right-a root tbf rate 20000000bit burst 25000b limit 125000b
ip -n wires link set client-a up
ip -n wires link set client-b up
ip -n wires link set left-a up
ip -n wires link set left-b up
ip -n wires link set right-a up
ip -n wires link set right-b up
ip -n wires link set server-a up
ip -n wires link set server-b up
ip -n gateway-a rule add priority 1003 from 10.0.3.1 lookup 1003
ip -n gateway-a rule add priority 1002 from 10.0.2.1 lookup 1002
ip -n gateway-a rule add priority 1001 from 10.0.1.2 lookup 1001
ip -n gateway-a rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n client address add 10.0.1.1/24 dev eth0
ip -n client route replace default via 10.0.1.2
ip -n gateway-a address add 10.0.1.2/24 dev client
ip -n gateway-a address add 10.0.2.1/24 dev left
ip -n gateway-a address add 10.0.3.1/24 dev right
ip -n gateway-a route replace default via 10.0.2.2 dev left
ip -n gateway-a route replace default via 10.0.1.1 dev client table 1001
ip -n gateway-a route replace default via 10.0.2.2 dev left table 1002
ip -n gateway-a route replace default via 10.0.3.2 dev right table 1003
ip -n gateway-b address add 10.0.2.2/24 dev left
ip -n gateway-b address add 10.0.3.2/24 dev right
ip -n gateway-b address add 10.0.4.1/24 dev server
ip -n server address add 10.0.4.2/24 dev eth0
ip -n server route replace default via 10.0.4.1 dev eth0
tc -n wires filter add dev client-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev client-b
tc -n wires filter add dev client-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev client-a
tc -n wires filter add dev left-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev left-b
tc -n wires filter add dev left-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev left-a
tc -n wires filter add dev right-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev right-b
tc -n wires filter add dev right-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev right-a
tc -n wires filter add dev server-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev server-b
tc -n wires filter add dev server-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev server-a
ip netns exec gateway-a nft 'table inet intercept; delete table inet intercept; table inet intercept { chain prerouting { type filter hook prerouting priority -150; iifname "client" meta l4proto tcp tproxy to :4000 meta mark set 900 accept; }; }'
ip -n gateway-a rule add priority 900 from all fwmark 900 lookup 900
ip -n gateway-a route replace local default dev lo table 900
ip -n gateway-a mptcp limits set subflows 2
ip -n gateway-a mptcp endpoint add 10.0.2.1 dev left subflow
ip -n gateway-a mptcp endpoint add 10.0.3.1 dev right subflow
ip netns exec gateway-b nft 'table inet intercept; delete table inet intercept; table inet intercept { chain prerouting { type filter hook prerouting priority -150; iifname "left" meta l4proto tcp tproxy to :5001 meta mark set 900 accept; iifname "right" meta l4proto tcp tproxy to :5001 meta mark set 900 accept; }; }'
ip -n gateway-b rule add priority 900 from all fwmark 900 lookup 900
ip -n gateway-b route replace local default dev lo table 900
ip -n gateway-b mptcp limits set subflows 2
