//! Which interface leads to the board.

use std::net::{IpAddr, Ipv4Addr};

use super::machine::Machine;

/// The interface of the longest route to an address, or of the default route where none is given.
pub(super) fn interface(machine: &Machine, board: Option<IpAddr>) -> Option<String> {
    if board.is_some_and(|address| address.is_loopback()) {
        return None;
    }
    let v4 = || longest(&machine.text("proc/net/route").ok()?, board);
    let v6 = || longest_v6(&machine.text("proc/net/ipv6_route").ok()?, board);
    match board {
        Some(IpAddr::V6(_)) => v6(),
        Some(IpAddr::V4(_)) => v4(),
        None => v4().or_else(v6),
    }
}

/// Reads `/proc/net/route`: addresses are hexadecimal words in the order of bytes of the machine.
fn longest(table: &str, board: Option<IpAddr>) -> Option<String> {
    let wanted = match board {
        Some(IpAddr::V4(address)) => u32::from(address),
        _ => u32::from(Ipv4Addr::UNSPECIFIED),
    };
    let routes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let word = |at: usize| u32::from_str_radix(fields.get(at)?, 16).ok();
        let address = |at: usize| word(at).map(u32::swap_bytes);
        let (destination, mask) = (address(1)?, address(7)?);
        let metric: u32 = fields.get(6)?.parse().ok()?;
        // RTF_UP and not RTF_REJECT (`include/uapi/linux/route.h`).
        let usable = word(3)? & 0x201 == 1;
        let fits = match board {
            Some(_) => wanted & mask == destination & mask,
            None => mask == 0,
        };
        (usable && fits).then(|| (mask.count_ones(), std::cmp::Reverse(metric), fields[0].to_owned()))
    });
    routes.max().map(|(_, _, name)| name)
}

/// Reads `/proc/net/ipv6_route`: destination, its length, source, its length, next hop, metric, ..., flags, interface.
fn longest_v6(table: &str, board: Option<IpAddr>) -> Option<String> {
    let wanted = match board {
        Some(IpAddr::V6(address)) => u128::from(address),
        _ => 0,
    };
    let routes = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let destination = u128::from_str_radix(fields.first()?, 16).ok()?;
        let length = u32::from_str_radix(fields.get(1)?, 16).ok().filter(|&length| length <= 128)?;
        let metric = u32::from_str_radix(fields.get(5)?, 16).ok()?;
        let flags = u32::from_str_radix(fields.get(8)?, 16).ok()?;
        let name = *fields.get(9)?;
        let fits = match board {
            Some(_) => length == 0 || (wanted ^ destination) >> (128 - length) == 0,
            None => length == 0,
        };
        (flags & 0x201 == 1 && fits && name != "lo").then(|| (length, std::cmp::Reverse(metric), name.to_owned()))
    });
    routes.max().map(|(_, _, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{longest, longest_v6};

    const TABLE: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
        eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
        eth1\t00000000\t010200C0\t0003\t0\t0\t50\t00000000\t0\t0\t0\n\
        eth2\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
        eth3\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

    #[test]
    fn longest_route_and_smallest_metric_win() {
        let to = |address: &str| longest(TABLE, Some(address.parse().expect("an address")));
        assert_eq!(to("192.168.1.10").as_deref(), Some("eth3"));
        assert_eq!(to("192.168.2.10").as_deref(), Some("eth2"));
        assert_eq!(to("8.8.8.8").as_deref(), Some("eth1"));
        assert_eq!(longest(TABLE, None).as_deref(), Some("eth1"));
        assert_eq!(longest("Iface\n", None), None);
    }

    #[test]
    fn route_of_version_six_is_found() {
        let zero = "0".repeat(32);
        let table = format!(
            "{zero} 00 {zero} 00 fe80{} 00000400 1 0 00000003 eth0\n\
             20010db8{} 20 {zero} 00 {zero} 00000100 1 0 00000001 eth1\n\
             {zero} 00 {zero} 00 {zero} ffffffff 1 0 00200200 lo\n",
            "0".repeat(28),
            "0".repeat(24),
        );
        let to = |address: &str| longest_v6(&table, Some(address.parse().expect("an address")));
        assert_eq!(to("2001:db8::5").as_deref(), Some("eth1"));
        assert_eq!(to("2001:db9::5").as_deref(), Some("eth0"));
        assert_eq!(longest_v6(&table, None).as_deref(), Some("eth0"));
    }
}
