//! The system calls that need `unsafe`: a leaf, each call behind a safe function.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Loads a BPF program of two instructions and lets it go: it is attached to nothing.
///
/// # Errors
/// The kernel has no BPF, or this process may not load a program of this type.
pub(super) fn load_program() -> io::Result<()> {
    const BPF_PROG_LOAD: libc::c_int = 5;
    const BPF_PROG_TYPE_KPROBE: u32 = 2;
    /// `mov r0, 0` and `exit` (`Documentation/bpf/standardization/instruction-set.rst`).
    const PROGRAM: [u64; 2] = [0xb7, 0x95];
    /// The first fields of `union bpf_attr` for this command (`include/uapi/linux/bpf.h`).
    #[repr(C)]
    struct Load {
        kind: u32,
        count: u32,
        instructions: u64,
        license: u64,
        log_level: u32,
        log_size: u32,
        log: u64,
        kernel_version: u32,
        flags: u32,
    }
    let license = c"GPL";
    let load = Load {
        kind: BPF_PROG_TYPE_KPROBE,
        count: PROGRAM.len() as u32,
        instructions: PROGRAM.as_ptr() as u64,
        license: license.as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
        kernel_version: 0,
        flags: 0,
    };
    // SAFETY: the kernel reads `load`, the instructions and the licence, which all live through the call.
    let result = unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, &raw const load, size_of::<Load>()) };
    let fd = libc::c_int::try_from(result).ok().filter(|&fd| fd >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: the kernel gave this descriptor to us, and no one else has it.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
    Ok(())
}

/// Entries of the rings of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rings {
    pub rx: u32,
    pub rx_max: u32,
    pub tx: u32,
    pub tx_max: u32,
}

/// Asks for the sizes of the rings (`ethtool(8)`, `ETHTOOL_GRINGPARAM`).
///
/// # Errors
/// There is no such interface, or its driver does not report them.
pub(super) fn rings(interface: &str) -> io::Result<Rings> {
    const SIOCETHTOOL: libc::c_ulong = 0x8946;
    const ETHTOOL_GRINGPARAM: u32 = 0x10;
    /// `struct ethtool_ringparam` (`include/uapi/linux/ethtool.h`).
    #[repr(C)]
    #[derive(Default)]
    struct Parameters {
        command: u32,
        rx_max: u32,
        rx_mini_max: u32,
        rx_jumbo_max: u32,
        tx_max: u32,
        rx: u32,
        rx_mini: u32,
        rx_jumbo: u32,
        tx: u32,
    }
    /// `struct ifreq` with the member `ifr_data` (`netdevice(7)`).
    #[repr(C)]
    struct Request {
        name: [u8; libc::IFNAMSIZ],
        data: *mut Parameters,
        rest: [u64; 2],
    }
    let mut parameters = Parameters { command: ETHTOOL_GRINGPARAM, ..Parameters::default() };
    let mut request = Request { name: [0; libc::IFNAMSIZ], data: &raw mut parameters, rest: [0; 2] };
    let name = interface.as_bytes();
    // One byte stays 0 behind the name.
    let place = request.name.get_mut(..name.len()).filter(|_| name.len() < libc::IFNAMSIZ);
    place.ok_or_else(|| io::Error::from_raw_os_error(libc::ENODEV))?.copy_from_slice(name);
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    // SAFETY: `request` is as large as the kernel's `struct ifreq`, and it and what it points to live through the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Rings { rx: parameters.rx, rx_max: parameters.rx_max, tx: parameters.tx, tx_max: parameters.tx_max })
}

/// What the kernel reports of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub synchronised: bool,
    /// Largest error, microseconds.
    pub most_error: libc::c_long,
}

/// Reads the state of the clock (`adjtimex(2)`) and changes nothing.
///
/// # Errors
/// The call is forbidden.
pub(super) fn clock() -> io::Result<Clock> {
    // SAFETY: all zero is a valid value: a request without modes reads only.
    let mut state: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills `state`, which lives through the call.
    let result = unsafe { libc::adjtimex(&raw mut state) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // TIME_ERROR is returned for an unsynchronised clock too.
    Ok(Clock { synchronised: state.status & libc::STA_UNSYNC == 0, most_error: state.maxerror })
}
