//! What the kernel puts into a ring: outgoing packets of TCP, and of forwarded ones their number and length only.
//!
//! A packet that came in through an interface of the same network namespace has the number of that interface
//! (`skb_iif`, for BPF `ingress_ifindex`); one that a socket sent has 0. Only a BPF program can ask for it. Without the
//! right to load one a classic filter does the rest, and which packets were forwarded is found by looking for sockets.

use std::io::Result;
use std::os::fd::{AsRawFd, RawFd};

use super::sys;

/// Bytes that are kept of a forwarded packet: fewer than of any other one.
pub(super) const FORWARDED_BYTES: usize = 1;

const TCP: i32 = libc::IPPROTO_TCP;
/// Extensions that may be between the header of IPv6 and TCP: hop by hop, routing, fragment, options.
const EXTENSIONS: [i32; 4] =
    [libc::IPPROTO_HOPOPTS, libc::IPPROTO_ROUTING, libc::IPPROTO_FRAGMENT, libc::IPPROTO_DSTOPTS];
/// Where the number of the protocol is in the headers of IPv4 and IPv6.
const PROTOCOL_IPV4: i32 = 9;
const PROTOCOL_IPV6: i32 = 6;
/// Length of a whole packet.
const WHOLE: i32 = -1;

/// One step of a filter.
#[derive(Clone, Copy)]
enum Step {
    /// Keeps the context where loads of bytes take it from.
    Begin,
    LoadType,
    /// Loads the protocol of the link, in the order of bytes of the network or of this machine.
    LoadProtocol,
    LoadByte(i32),
    /// Loads the number of the interface where the packet came in.
    LoadIngress,
    /// Continues at a label if what was loaded is this number.
    Equal(i32, &'static str),
    /// Continues at a label if it is not.
    Other(i32, &'static str),
    Label(&'static str),
    /// Keeps this number of bytes.
    Keep(i32),
}
use Step::{Begin, Equal, Keep, Label, LoadByte, LoadIngress, LoadProtocol, LoadType, Other};

/// The steps; `protocol` gives a number as [`Step::LoadProtocol`] loads it.
fn steps(protocol: fn(i32) -> i32, sees_ingress: bool) -> Vec<Step> {
    let mut steps = vec![
        Begin,
        LoadType,
        Other(libc::PACKET_OUTGOING.into(), "drop"),
        LoadProtocol,
        Equal(protocol(libc::ETH_P_IP), "IPv4"),
        Other(protocol(libc::ETH_P_IPV6), "drop"),
        LoadByte(PROTOCOL_IPV6),
        Equal(TCP, "TCP"),
    ];
    steps.extend(EXTENSIONS.map(|extension| Equal(extension, "TCP")));
    steps.extend([Keep(0), Label("IPv4"), LoadByte(PROTOCOL_IPV4), Other(TCP, "drop"), Label("TCP")]);
    if sees_ingress {
        steps.extend([LoadIngress, Other(0, "forwarded")]);
    }
    steps.extend([Keep(WHOLE), Label("drop"), Keep(0), Label("forwarded"), Keep(FORWARDED_BYTES as i32)]);
    steps
}

/// Instructions of a step.
fn length(step: &Step, of: fn(Step) -> usize) -> usize {
    if let Label(_) = step { 0 } else { of(*step) }
}

/// Instructions between the one behind step `at` and a label.
fn distance(steps: &[Step], at: usize, label: &str, of: fn(Step) -> usize) -> usize {
    let between = steps[at + 1..].iter().take_while(|step| !matches!(step, Label(found) if *found == label));
    between.map(|step| length(step, of)).sum()
}

/// Returns a BPF program (`Documentation/bpf/standardization/instruction-set.rst`).
fn program() -> Vec<u64> {
    /// Offsets in `struct __sk_buff` (`include/uapi/linux/bpf.h`).
    const PACKET_TYPE: u64 = 4;
    const PROTOCOL: u64 = 16;
    const INGRESS_INTERFACE: u64 = 36;
    /// Loads a field of the context, which is in register 6, into register 0.
    const LOAD: u64 = 0x6061;
    let of = |step: Step| if let Keep(_) = step { 2 } else { 1 };
    let number = |number: i32| u64::from(number as u32) << 32;
    let steps = steps(|protocol| (protocol as u16).to_be().into(), true);
    let jump = |at, label| (distance(&steps, at, label, of) as u64) << 16;
    let code = steps.iter().enumerate().flat_map(|(at, step)| match *step {
        Begin => vec![0x16BF],
        LoadType => vec![LOAD | PACKET_TYPE << 16],
        LoadProtocol => vec![LOAD | PROTOCOL << 16],
        LoadIngress => vec![LOAD | INGRESS_INTERFACE << 16],
        LoadByte(from) => vec![0x30 | number(from)],
        Equal(value, label) => vec![0x15 | jump(at, label) | number(value)],
        Other(value, label) => vec![0x55 | jump(at, label) | number(value)],
        Label(_) => Vec::new(),
        Keep(bytes) => vec![0xB4 | number(bytes), 0x95],
    });
    code.collect()
}

/// Returns a classic filter (`Documentation/networking/filter.rst`).
fn classic() -> Vec<libc::sock_filter> {
    const LOAD_WORD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const LOAD_BYTE: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
    const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let of = |step: Step| usize::from(!matches!(step, Begin | LoadIngress));
    let steps = steps(|protocol| protocol, false);
    let jump = |at, label| distance(&steps, at, label, of) as u8;
    let code = |code, jt, jf, k: i32| Some(libc::sock_filter { code, jt, jf, k: k as u32 });
    let all = steps.iter().enumerate().filter_map(|(at, step)| match *step {
        Begin | LoadIngress | Label(_) => None,
        LoadType => code(LOAD_WORD, 0, 0, libc::SKF_AD_OFF + libc::SKF_AD_PKTTYPE),
        LoadProtocol => code(LOAD_WORD, 0, 0, libc::SKF_AD_OFF + libc::SKF_AD_PROTOCOL),
        LoadByte(from) => code(LOAD_BYTE, 0, 0, from),
        Equal(value, label) => code(JUMP, jump(at, label), 0, value),
        Other(value, label) => code(JUMP, 0, jump(at, label), value),
        Keep(bytes) => code(RETURN, 0, 0, bytes),
    });
    all.collect()
}

/// Attaches the filter to a packet socket. Returns whether forwarded packets are kept by [`FORWARDED_BYTES`].
pub(super) fn attach(socket: &impl AsRawFd) -> Result<bool> {
    if let Ok(program) = sys::load_socket_filter(&program()) {
        let program: RawFd = program.as_raw_fd();
        if sys::set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_BPF, &program).is_ok() {
            return Ok(true);
        }
    }
    sys::attach_filter(socket, &classic())?;
    Ok(false)
}

/// Attaches a filter that takes nothing any more.
pub(super) fn attach_none(socket: &impl AsRawFd) -> Result<()> {
    let code = (libc::BPF_RET | libc::BPF_K) as u16;
    sys::attach_filter(socket, &[libc::sock_filter { code, jt: 0, jf: 0, k: 0 }])
}
