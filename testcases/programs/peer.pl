# A peer that sends each segment as a case wants it, for `require "./peer.pl"`: a raw socket at a port of ::1. RFC 8684 has the options, sections 3.1 to 3.7.
#
# Flags of a segment are 1 for FIN, 2 for SYN, 4 for RST, and 0x10 for ACK. Numbers of bytes begin at 1 in a subflow. In a direction, the first has the lower 64 bits of
# its key's SHA-256, plus 1: that is 0xc95c5ed7a898a650 with the key "12345678", and 0xfffffff7 are the lower 32 bits of it with the key "17422242".

# The address of a port of ::1.
sub address { return pack("S n x4 x15 C x4", 10, shift, 1) }

# A socket that listens at a port, of MPTCP unless another protocol is given (6 is TCP).
sub listener {
    my ($port, $protocol) = @_;
    my $listener;
    socket($listener, 10, 1, $protocol // 262) && bind($listener, address($port)) && listen($listener, 8) or die $!;
    return $listener;
}

# What a socket speaks: a connection of TCP has no MPTCP_INFO (level 284, option 1).
sub protocol { return defined getsockopt(shift, 284, 1) ? "MPTCP" : "TCP" }

# The sum of one of MPTCP's counters.
sub counted {
    my ($name) = @_;
    open(my $file, "<", "/proc/net/netstat") or die $!;
    my ($names, $values) = map { [split] } grep { /^MPTcpExt/ } <$file>;
    my %counters = map { $names->[$_] => $values->[$_] } 0 .. $#$names;
    return $counters{$name};
}

# The checksum of RFC 1071, before its complement.
sub sum {
    my $sum = unpack("%32n*", shift() . "\0");
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum > 0xffff;
    return $sum;
}

# The smallest Perl has no such functions. The case names the program: `programs = ["sha256sum"]`.
sub sha256 {
    open(my $message, ">", "message") or die $!;
    print $message shift;
    close $message;
    open(my $sum, "-|", "sha256sum", "message") or die $!;
    return pack("H64", scalar <$sum>);
}

sub hmac {
    my ($key, $message) = @_;
    my $padded = $key . "\0" x (64 - length $key);
    return sha256(($padded ^ "\x5c" x 64) . sha256(($padded ^ "\x36" x 64) . $message));
}

# A mapping of $size bytes from byte $at of the subflow to byte $number of the connection, with an acknowledgement. Its last bytes are padding.
sub mapped {
    my ($number, $at, $size, $flags) = @_;
    return pack("C4 N N N n C2", 30, 18, 0x20, 5 | ($flags // 0), 0, $number & 0xffffffff, $at, $size, 1, 1);
}

# The flags of a segment.
sub flags { return unpack("x13 C", shift) }

package Peer;

# A peer at a port, which speaks to another one. The kernel would reset what arrives at the first, but for a socket that drops all (level 1, SO_ATTACH_FILTER is 26);
# option 7 of level 41, IPV6_CHECKSUM, fills in the checksum of TCP.
sub new {
    my ($class, $port, $to) = @_;
    my ($raw, $quiet, $drop) = (undef, main::listener($port, 6), pack("S C C L", 6, 0, 0, 0));
    socket($raw, 10, 3, 6) && setsockopt($raw, 41, 7, pack("i", 16)) && setsockopt($quiet, 1, 26, pack("S x6 P", 1, $drop)) or die $!;
    return bless({ port => $port, to => $to, quiet => $quiet, raw => $raw, next => 0 }, $class);
}

# Sends a segment, which acknowledges what is before byte `next` of the other side.
sub say {
    my ($peer, $number, $flags, $option, $data) = @_;
    my $header = pack("n n N N C C n N", $peer->{port}, $peer->{to}, $number, $peer->{next}, 80 + 4 * length $option, $flags, 65535, 0);
    send($peer->{raw}, $header . $option . ($data // ""), 0, main::address(0)) or die $!;
}

# The next segment from the other side for which the test holds, if there is one. It is $_ there. Without waiting, the result is undefined when none is there.
sub hear {
    my ($peer, $test, $flags) = @_;
    while (defined recv($peer->{raw}, my $segment, 70000, $flags // 0)) {
        next if substr($segment, 0, 4) ne pack("n n", $peer->{to}, $peer->{port});
        return $segment if !$test || grep { $test->() } $segment;
    }
    return undef;
}

# All segments from the other side that are there (MSG_DONTWAIT is 0x40).
sub heard {
    my ($peer) = @_;
    my @segments;
    while (defined(my $segment = $peer->hear(undef, 0x40))) { push(@segments, $segment) }
    return @segments;
}

# Sends a SYN with an option. Returns the options of the answer.
sub ask {
    my ($peer, $option) = @_;
    $peer->say(0, 2, $option);
    my $answer = $peer->hear();
    $peer->{next} = unpack("x4 N", $answer) + 1;
    return substr($answer, 20);
}

# Begins a connection with this key. Returns the other side's key.
sub begin {
    my ($peer, $key, $flags) = @_;
    my ($other) = $peer->ask(pack("C4", 30, 4, 1, $flags // 1)) =~ /\x1e\x0c\x01.(.{8})/s or die "no key";
    $peer->say(1, 0x10, pack("C4 a8 a8", 30, 20, 1, $flags // 1, $key, $other));
    return $other;
}

# Asks to join the connection that began with these two keys. Returns the option by which the third packet proves that it may (section 3.2).
sub ask_to_join {
    my ($peer, $key, $other) = @_;
    my ($nonce) = $peer->ask(pack("C4 a4 a4", 30, 12, 0x10, 1, main::sha256($other), "1234")) =~ /\x1e\x10.{10}(.{4})/s or die "no answer";
    return pack("C4 a20", 30, 24, 0x10, 0, main::hmac($key . $other, "1234$nonce"));
}

1;
